import Crypto

/// A SHA-256, written `sha256:` and 64 lower-case hexadecimal digits.
public struct Digest: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// The digest of `content`.
  public init(of content: [UInt8]) { bytes = Array(SHA256.hash(data: content)) }

  /// Reads the written form; `nil` when it is not one.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix) else { return nil }
    let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in digits {
      guard let value = Self.value(ofDigit: digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self.bytes = bytes
  }

  /// 32 bytes as they stand in a key; `nil` for another count.
  init?(key: [UInt8]) {
    guard key.count == 32 else { return nil }
    bytes = key
  }

  /// `sha256:…`.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return Self.prefix + String(decoding: hex, as: UTF8.self)
  }

  /// The first 12 digits: enough for people to tell digests apart.
  public var short: String {
    String(description.dropFirst(Self.prefix.count).prefix(12))
  }

  /// From the written form.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let digest = Digest(text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "\"\(text.prefix(80))\" is not sha256: and 64 digits"))
    }
    self = digest
  }

  /// As the written form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  private static let prefix = "sha256:"

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    // Every other byte.
    default: nil
    }
  }
}
