import CChecksum

/// CRC-32C, the checksum of a frame. It finds damage, not forgery.
public enum CRC32C {
  /// The checksum of the bytes; `state` continues an earlier one, so parts may be fed in order.
  /// Cost: about 8 bytes a nanosecond where the CPU has the instruction.
  public static func checksum(_ bytes: RawSpan, continuing state: UInt32 = 0) -> UInt32 {
    // The C function reads exactly `count` bytes from the pointer that the span vouches for.
    unsafe bytes.withUnsafeBytes { unsafe tessera_crc32c(state, $0.baseAddress, $0.count) }
  }

  /// The table-driven implementation, for tests.
  package static func scalar(_ bytes: RawSpan, continuing state: UInt32 = 0) -> UInt32 {
    // As above.
    unsafe bytes.withUnsafeBytes { unsafe tessera_crc32c_scalar(state, $0.baseAddress, $0.count) }
  }

  /// The CPU's own instruction, for tests; nil where the CPU has none.
  package static func hardware(_ bytes: RawSpan, continuing state: UInt32 = 0) -> UInt32? {
    guard tessera_crc32c_hardware_available() else { return nil }
    // As above.
    return unsafe bytes.withUnsafeBytes {
      unsafe tessera_crc32c_hardware(state, $0.baseAddress, $0.count)
    }
  }
}
