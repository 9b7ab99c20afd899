/// How the values of one column lie in a SCORE body. A bag of them is marked by ``bagBit`` in the same byte.
public enum Encoding: UInt8, Hashable, Sendable, CaseIterable {
  /// Signed 8-bit integers.
  case int8 = 1
  /// Signed 16-bit integers.
  case int16 = 2
  /// Signed 32-bit integers.
  case int32 = 3
  /// Signed 64-bit integers.
  case int64 = 4
  /// IEEE 754 binary16.
  case float16 = 5
  /// IEEE 754 binary32.
  case float32 = 6
  /// One length byte per value, then the bytes of all values, UTF-8.
  case string = 7

  /// Set in the encoding byte of a bag column: one count byte per row precedes the values.
  public static let bagBit: UInt8 = 0x80

  /// Bytes of one value; 0 for strings, whose bytes vary.
  public var valueByteCount: Int {
    switch self {
    case .int8: 1
    case .int16, .float16: 2
    case .int32, .float32: 4
    case .int64: 8
    case .string: 0
    }
  }

  /// Whether the values are integers.
  public var isInteger: Bool { rawValue <= Encoding.int64.rawValue }
}
