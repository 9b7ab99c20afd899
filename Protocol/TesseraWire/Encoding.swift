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
  /// Vectors: one float32 scale per row, then signed bytes; a number is byte · scale of its row.
  case scaledInt8 = 8
  /// Two length bytes per value, then the bytes of all values, UTF-8.
  case text = 9

  /// Set in the encoding byte of a bag column: one count byte per row precedes the values.
  public static let bagBit: UInt8 = 0x80

  /// Bytes of one value; 0 for strings and texts, whose bytes vary.
  public var valueByteCount: Int {
    switch self {
    case .int8, .scaledInt8: 1
    case .int16, .float16: 2
    case .int32, .float32: 4
    case .int64: 8
    case .string, .text: 0
    }
  }

  /// Bytes that stand before the values for each of them: lengths, or scales of rows.
  public var prefixByteCount: Int {
    switch self {
    case .int8, .int16, .int32, .int64, .float16, .float32: 0
    case .string: 1
    case .text: 2
    case .scaledInt8: 4
    }
  }

  /// Whether the values are integers.
  public var isInteger: Bool { rawValue <= Encoding.int64.rawValue }

  /// Whether the values are IEEE 754 numbers.
  public var isFloat: Bool { self == .float16 || self == .float32 }
}
