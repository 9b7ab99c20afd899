/// HELLO: the client's first frame.
public struct HelloBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.hello
  /// The first eight bytes: tells a Tessera client from a lost HTTP one.
  static let magic: [UInt8] = Array("TESSERA\0".utf8)
  static let fixedByteCount = 21
  static let byteCountMax = fixedByteCount + Limits.credentialBytesMax + Limits.nameBytesMax

  /// The lowest protocol version that the client speaks.
  public var versionMin: UInt8
  /// The highest protocol version that the client speaks.
  public var versionMax: UInt8
  /// What the client can use.
  public var capabilities: Capabilities
  /// Opaque to the protocol, at most ``Limits/credentialBytesMax`` bytes; empty when the server asks for none.
  public var credential: [UInt8]
  /// For the server's log: product and release, at most ``Limits/nameBytesMax`` bytes; may be empty.
  public var clientName: String

  /// A client that speaks version 1.
  public init(
    versionMin: UInt8 = 1, versionMax: UInt8 = 1, capabilities: Capabilities = [],
    credential: [UInt8] = [], clientName: String = ""
  ) {
    self.versionMin = versionMin
    self.versionMax = versionMax
    self.capabilities = capabilities
    self.credential = credential
    self.clientName = clientName
  }

  /// - Throws: `UNSUPPORTED_PROTOCOL` for another magic or an empty version range, else `MALFORMED`,
  ///   `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    let start = try reader.skip(body, HelloBody.magic.count, "the magic")
    for (index, byte) in HelloBody.magic.enumerated()
    where body.littleEndian(at: start + index, as: UInt8.self) != byte {
      throw WireError(.unsupportedProtocol, offset: index, "HELLO does not begin with TESSERA\\0")
    }
    let versions = reader.offset
    versionMin = try reader.integer(body, UInt8.self, "version_min")
    versionMax = try reader.integer(body, UInt8.self, "version_max")
    guard versionMin >= 1, versionMin <= versionMax else {
      throw WireError(
        .unsupportedProtocol, offset: versions,
        "the version range \(versionMin)…\(versionMax) is empty")
    }
    capabilities = Capabilities(
      rawValue: try reader.integer(body, UInt64.self, "capabilities"))
    let credentialCount = try reader.count(
      body, UInt16.self, 0...Limits.credentialBytesMax, "credential_length")
    let nameCount = try reader.count(
      body, UInt8.self, 0...Limits.nameBytesMax, "client_name_length")
    let first = try reader.skip(body, credentialCount, "the credential")
    credential = (first..<first + credentialCount).map {
      body.littleEndian(at: $0, as: UInt8.self)
    }
    clientName = try reader.text(body, nameCount, "the client name")
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a credential or a name that is too long.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkCount(credential.count, 0...Limits.credentialBytesMax, "the credential")
    try checkCount(clientName.utf8.count, 0...Limits.nameBytesMax, "the client name")
    bytes.append(contentsOf: HelloBody.magic)
    bytes.append(versionMin)
    bytes.append(versionMax)
    bytes.appendLittleEndian(capabilities.rawValue)
    bytes.appendLittleEndian(UInt16(credential.count))
    bytes.append(UInt8(clientName.utf8.count))
    bytes.append(contentsOf: credential)
    bytes.append(contentsOf: clientName.utf8)
  }
}
