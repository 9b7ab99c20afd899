// What a model or an alias may be called. Names are typed in shells, stand in URLs, in log lines and
// in keys that end with a zero byte, so the set of characters is small.

/// A checked name of a model or an alias: 1…64 of `a–z A–Z 0–9 . _ -`, beginning with a letter.
struct Name: Hashable, Sendable {
  let text: String

  /// - Parameter what: "model" or "alias", for the message.
  init(_ text: String, of what: String) throws(RegistryError) {
    let bytes = text.utf8
    let isWellFormed =
      bytes.allSatisfy { Self.isLetter($0) || Self.isOther($0) }
      && bytes.first.map(Self.isLetter) == true
    guard isWellFormed, bytes.count <= RegistryLimits.nameBytesMax else {
      throw RegistryError(
        .badName, at: "\(what) \"\(text)\"",
        "a name is 1 to \(RegistryLimits.nameBytesMax) letters (a-z, A-Z), digits, \".\", \"_\" or "
          + "\"-\", and begins with a letter")
    }
    self.text = text
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    // Every other byte.
    default: false
    }
  }

  private static func isOther(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    // Every other byte.
    default: false
    }
  }
}
