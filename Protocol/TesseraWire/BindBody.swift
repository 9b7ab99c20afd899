/// BIND: asks for a handle to an object.
public struct BindBody: FrameBody {
  /// Which version of an object is meant.
  public enum Target: Hashable, Sendable {
    /// Whatever the alias points to when a request is scored.
    case alias(String)
    /// Exactly this version, 1 or higher.
    case version(UInt32)
  }

  /// See ``FrameBody``.
  public static let kind = FrameKind.bind
  static let fixedByteCount = 7
  static let byteCountMax = fixedByteCount + 2 * Limits.nameBytesMax

  /// What the name names. An unknown kind is decoded; a server answers it `UNKNOWN_OBJECT`.
  public var objectKind: ObjectKind
  /// The object's name, 1…``Limits/nameBytesMax`` bytes.
  public var name: String
  /// Which of its versions.
  public var target: Target

  /// A question for an object; the names are checked when it is encoded.
  public init(_ objectKind: ObjectKind = .model, _ name: String, target: Target) {
    self.objectKind = objectKind
    self.name = name
    self.target = target
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    objectKind = ObjectKind(rawValue: try reader.integer(body, UInt8.self, "object_kind"))
    let versionOffset = reader.offset
    let version = try reader.integer(body, UInt32.self, "version")
    let nameCount = try reader.count(body, UInt8.self, 1...Limits.nameBytesMax, "name_length")
    let aliasCount = try reader.count(body, UInt8.self, 0...Limits.nameBytesMax, "alias_length")
    guard (version == 0) == (aliasCount > 0) else {
      throw WireError(
        .badValue, offset: versionOffset, "BIND names either a version or an alias")
    }
    name = try reader.text(body, nameCount, "the name")
    let alias = try reader.text(body, aliasCount, "the alias")
    target = version == 0 ? .alias(alias) : .version(version)
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a name that is empty or too long, `BAD_VALUE` for version 0.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkName(name, "the name")
    var number: UInt32 = 0
    var alias = ""
    switch target {
    case .alias(let name):
      try checkName(name, "the alias")
      alias = name
    case .version(let version):
      guard version > 0 else { throw WireError(.badValue, "versions count from 1") }
      number = version
    }
    bytes.append(objectKind.rawValue)
    bytes.appendLittleEndian(number)
    bytes.append(UInt8(name.utf8.count))
    bytes.append(UInt8(alias.utf8.count))
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: alias.utf8)
  }
}
