/// HELLO: the client's first frame.
public struct HelloBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.hello
  /// The first eight bytes: tells a Tessera client from a lost HTTP one.
  static let magic: [UInt8] = Array("TESSERA\0".utf8)
  static let fixedByteCount = 12

  /// The lowest protocol version that the client speaks.
  public var versionMin: UInt8
  /// The highest protocol version that the client speaks.
  public var versionMax: UInt8
  /// Opaque to the protocol, at most 256 bytes; empty when the server asks for none.
  public var credential: [UInt8]

  /// A client that speaks version 1.
  public init(versionMin: UInt8 = 1, versionMax: UInt8 = 1, credential: [UInt8] = []) {
    self.versionMin = versionMin
    self.versionMax = versionMax
    self.credential = credential
  }

  /// - Throws: `UNSUPPORTED_PROTOCOL` for another magic or an empty version range, else `MALFORMED`, `LIMIT`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    let start = try reader.skip(body, HelloBody.magic.count, "the magic")
    for (index, byte) in HelloBody.magic.enumerated()
    where body.littleEndian(at: start + index, as: UInt8.self) != byte {
      throw WireError(.unsupportedProtocol, offset: index, "HELLO does not begin with TESSERA\\0")
    }
    versionMin = try reader.integer(body, UInt8.self, "version_min")
    versionMax = try reader.integer(body, UInt8.self, "version_max")
    guard versionMin >= 1, versionMin <= versionMax else {
      throw WireError(
        .unsupportedProtocol, offset: 8, "the version range \(versionMin)…\(versionMax) is empty")
    }
    let count = Int(try reader.integer(body, UInt16.self, "credential_length"))
    guard count <= Limits.credentialBytesMax else {
      throw WireError(.limit, offset: 10, "the credential has \(count) bytes, at most 256")
    }
    let first = try reader.skip(body, count, "the credential")
    credential = (first..<first + count).map { body.littleEndian(at: $0, as: UInt8.self) }
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a credential of more than 256 bytes.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    guard credential.count <= Limits.credentialBytesMax else {
      throw WireError(.limit, "the credential has \(credential.count) bytes, at most 256")
    }
    bytes.append(contentsOf: HelloBody.magic)
    bytes.append(versionMin)
    bytes.append(versionMax)
    bytes.appendLittleEndian(UInt16(credential.count))
    bytes.append(contentsOf: credential)
  }
}
