/// FNV-1a with 64 bits (Fowler, Noll, Vo): a hash that every language writes in three lines. Used for
/// signatures and for hash buckets; it does not resist an adversary.
public enum FNV1a64 {
  /// The hash of no bytes.
  public static let offsetBasis: UInt64 = 0xcbf2_9ce4_8422_2325
  /// The multiplier of one step.
  public static let prime: UInt64 = 0x100_0000_01b3

  /// The hash of the bytes; `state` continues an earlier one. Cost: one multiplication a byte.
  @inlinable
  public static func hash(_ bytes: RawSpan, state: UInt64 = offsetBasis) -> UInt64 {
    var state = state
    for offset in bytes.byteOffsets {
      state = (state ^ UInt64(bytes.littleEndian(at: offset, as: UInt8.self))) &* prime
    }
    return state
  }

  /// The hash of the eight little-endian bytes of an integer.
  @inlinable
  public static func hash(_ value: Int64) -> UInt64 {
    var state = offsetBasis
    var rest = UInt64(bitPattern: value)
    for _ in 0..<8 {
      state = (state ^ (rest & 0xFF)) &* prime
      rest >>= 8
    }
    return state
  }
}
