// Frames from the server as replies, and frames to it in NIO's buffers: what the client library and the load
// tester share.

package import NIOCore
package import TesseraWire

extension Reply {
  /// Decodes a frame from the server; the values of SCORES are left to ``ScoresBody``.
  ///
  /// - Throws: what is wrong with the body; the connection is then to be closed.
  package init(_ header: FrameHeader, body: ByteBuffer) throws(WireError) {
    switch header.kind {
    case .welcome:
      self = .welcome(try WelcomeBody(decoding: body.readableBytesSpan))
    case .bound:
      self = .bound(requestID: header.requestID, try BoundBody(decoding: body.readableBytesSpan))
    case .scores:
      self = .scores(requestID: header.requestID)
    case .error:
      self = .error(requestID: header.requestID, try ErrorBody(decoding: body.readableBytesSpan))
    case .goAway:
      self = .goAway(try GoAwayBody(decoding: body.readableBytesSpan))
    case .listed:
      self = .listed(requestID: header.requestID, try ListedBody(decoding: body.readableBytesSpan))
    case .pong:
      self = .pong(requestID: header.requestID)
    case .hello, .bind, .score, .ping, .unbind, .cancel, .list, .unbound:
      self = .unexpected(header.kind)
    }
  }
}

extension ByteBuffer {
  /// Appends a CANCEL for the request with this id.
  package mutating func writeCancel(_ requestID: UInt64) {
    var bytes: [UInt8] = []
    Frame.append(.cancel, requestID: requestID, body: RawSpan(), to: &bytes)
    writeBytes(bytes)
  }

  /// Appends a PING without bytes.
  package mutating func writePing(_ requestID: UInt64) {
    var bytes: [UInt8] = []
    Frame.append(.ping, requestID: requestID, body: RawSpan(), to: &bytes)
    writeBytes(bytes)
  }

  /// Appends a frame of any kind but SCORE.
  ///
  /// - Throws: `LIMIT` or `BAD_VALUE` of the body's encoder; nothing has been appended then.
  package mutating func writeFrame(
    _ body: some FrameBody, requestID: UInt64
  ) throws(WireError) {
    var bytes: [UInt8] = []
    try body.encodeFrame(requestID: requestID, into: &bytes)
    writeBytes(bytes)
  }

  /// Appends a SCORE frame around a body that has been encoded before, for whatever handle and deadline:
  /// these two are replaced, and the checksum is computed anew. Allocates only when the buffer has to grow.
  ///
  /// - Parameter body: at least the bytes of handle, users and deadline.
  /// - Cost: one copy of and one pass over the body.
  package mutating func writeScoreFrame(
    _ body: RawSpan, handle: UInt16, deadlineMicroseconds: UInt32, requestID: UInt64
  ) {
    let start = writerIndex
    let first = UInt64(UInt32(body.byteCount)) | UInt64(FrameKind.score.rawValue) << 32
    reserveCapacity(minimumWritableBytes: FrameHeader.byteCount + body.byteCount)
    writeInteger(first, endianness: .little)
    writeInteger(requestID, endianness: .little)
    writeInteger(UInt32(0))
    writeBytes(body)
    setInteger(handle, at: start + FrameHeader.byteCount, endianness: .little)
    setInteger(
      deadlineMicroseconds, at: start + FrameHeader.byteCount + ScoreLayout.deadlineOffset,
      endianness: .little)
    let crc = readableBytesSpan.scoreChecksum(from: start - readerIndex)
    setInteger(crc, at: start + FrameHeader.byteCount - 4, endianness: .little)
  }
}

extension RawSpan {
  /// CRC-32C of the frame that begins at `start` and ends with the span, without its own four bytes.
  fileprivate func scoreChecksum(from start: Int) -> UInt32 {
    CRC32C.checksum(
      extracting(start + FrameHeader.byteCount..<byteCount),
      continuing: CRC32C.checksum(extracting(start..<start + FrameHeader.byteCount - 4)))
  }
}
