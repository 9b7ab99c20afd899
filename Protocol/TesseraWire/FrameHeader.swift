/// The twenty bytes before every body.
///
/// Decoding checks all that can be known before the body has arrived; ``verify(body:)`` checks the rest
/// once it has.
public struct FrameHeader: Hashable, Sendable {
  /// Bytes of a header.
  public static let byteCount = 20

  /// Bytes that follow the header.
  public var bodyLength: Int
  /// What the body is.
  public var kind: FrameKind
  /// 0 in version 1.
  public var flags: UInt8
  /// The client's number for a request; its reply carries the same.
  public var requestID: UInt64
  /// CRC-32C over the first 16 bytes of the header followed by the body.
  public var crc: UInt32

  /// A header for this body, with its checksum. Cost: one pass over the body.
  public init(kind: FrameKind, requestID: UInt64, body: RawSpan) {
    self.init(kind: kind, requestID: requestID, bodyLength: body.byteCount)
    crc = expectedCRC(body: body)
  }

  /// A header whose checksum is not yet known.
  init(kind: FrameKind, requestID: UInt64, bodyLength: Int) {
    self.bodyLength = bodyLength
    self.kind = kind
    flags = 0
    self.requestID = requestID
    crc = 0
  }

  /// Reads the first twenty bytes and checks, in this order: kind, who sends it and when, flags, reserved
  /// bytes, length. The request id is not to be trusted before ``verify(body:)``.
  ///
  /// - Parameter bytes: at least twenty bytes; more are ignored.
  /// - Parameter accepted: what this side takes at the moment.
  /// - Throws: `BAD_FRAME`, `EXPECTED_HELLO`. Cost: O(1).
  public init(decoding bytes: RawSpan, accepting accepted: AcceptedFrames) throws(WireError) {
    guard bytes.byteCount >= FrameHeader.byteCount else {
      throw WireError(
        .badFrame, "a header has \(FrameHeader.byteCount) bytes, here are \(bytes.byteCount)")
    }
    let rawKind = bytes.littleEndian(at: 4, as: UInt8.self)
    guard let kind = FrameKind(rawValue: rawKind) else {
      throw WireError(.badFrame, "the frame kind \(hex(rawKind)) is unknown in version 1")
    }
    try accepted.check(kind)
    flags = bytes.littleEndian(at: 5, as: UInt8.self)
    guard flags == 0 else { throw WireError(.badFrame, "the flags are \(hex(flags)), not 0") }
    let reserved = bytes.littleEndian(at: 6, as: UInt16.self)
    guard reserved == 0 else { throw WireError(.badFrame, "the reserved field is not 0") }
    bodyLength = Int(bytes.littleEndian(at: 0, as: UInt32.self))
    let longest = accepted.bodyBytesMax(of: kind)
    guard bodyLength <= longest else {
      throw WireError(
        .badFrame, "a \(kind.name) body has at most \(longest) bytes, this one \(bodyLength)")
    }
    self.kind = kind
    requestID = bytes.littleEndian(at: 8, as: UInt64.self)
    crc = bytes.littleEndian(at: 16, as: UInt32.self)
  }

  /// Checks the length and the checksum of a body that has arrived.
  ///
  /// - Throws: `BAD_FRAME`. Cost: one pass over the body.
  public func verify(body: RawSpan) throws(WireError) {
    guard body.byteCount == bodyLength else {
      throw WireError(.badFrame, "the body has \(body.byteCount) bytes, not \(bodyLength)")
    }
    let expected = expectedCRC(body: body)
    guard crc == expected else {
      throw WireError(.badFrame, "the checksum is \(hex(crc)), computed \(hex(expected))")
    }
  }

  /// What ``crc`` must be for this header before this body.
  func expectedCRC(body: RawSpan) -> UInt32 {
    let first = UInt64(UInt32(bodyLength)) | UInt64(kind.rawValue) << 32 | UInt64(flags) << 40
    let words: InlineArray<2, UInt64> = [first.littleEndian, requestID.littleEndian]
    // Integers have no padding that `bytes` could expose.
    return unsafe CRC32C.checksum(body, continuing: CRC32C.checksum(words.span.bytes))
  }

  /// Appends the twenty bytes.
  public func encode(into bytes: inout [UInt8]) {
    bytes.appendLittleEndian(UInt32(bodyLength))
    bytes.append(kind.rawValue)
    bytes.append(flags)
    bytes.appendLittleEndian(UInt16(0))
    bytes.appendLittleEndian(requestID)
    bytes.appendLittleEndian(crc)
  }
}
