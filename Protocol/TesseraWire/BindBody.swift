/// BIND: asks for a handle to a model.
public struct BindBody: FrameBody {
  /// Which version of a model is meant.
  public enum Target: Hashable, Sendable {
    /// Whatever the alias points to when a request is scored: 1…64 bytes.
    case alias(String)
    /// Exactly this version, 1 or higher.
    case version(UInt32)
  }

  /// See ``FrameBody``.
  public static let kind = FrameKind.bind
  static let fixedByteCount = 6

  /// The model's name, 1…64 bytes.
  public var model: String
  /// Which of its versions.
  public var target: Target

  /// A question for a model; the names are checked when it is encoded.
  public init(model: String, target: Target) {
    self.model = model
    self.target = target
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    let version = try reader.integer(body, UInt32.self, "version")
    let modelCount = Int(try reader.integer(body, UInt8.self, "model_length"))
    let aliasCount = Int(try reader.integer(body, UInt8.self, "alias_length"))
    guard (1...Limits.nameBytesMax).contains(modelCount) else {
      throw WireError(.limit, offset: 4, "the model's name has \(modelCount) bytes, not 1…64")
    }
    guard aliasCount <= Limits.nameBytesMax else {
      throw WireError(.limit, offset: 5, "the alias has \(aliasCount) bytes, at most 64")
    }
    guard (version == 0) == (aliasCount > 0) else {
      throw WireError(.badValue, offset: 0, "BIND names either a version or an alias")
    }
    model = try reader.text(body, modelCount, "model")
    let alias = try reader.text(body, aliasCount, "alias")
    target = version == 0 ? .alias(alias) : .version(version)
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a name that is empty or too long, `BAD_VALUE` for version 0.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkName(model, "model")
    var number: UInt32 = 0
    var alias = ""
    switch target {
    case .alias(let name):
      try checkName(name, "alias")
      alias = name
    case .version(let version):
      guard version > 0 else { throw WireError(.badValue, "versions count from 1") }
      number = version
    }
    bytes.appendLittleEndian(number)
    bytes.append(UInt8(model.utf8.count))
    bytes.append(UInt8(alias.utf8.count))
    bytes.append(contentsOf: model.utf8)
    bytes.append(contentsOf: alias.utf8)
  }
}
