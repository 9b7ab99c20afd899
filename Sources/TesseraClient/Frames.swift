// Frames in and out of NIO's buffers: what the client library and the load tester share. Nothing is buffered
// beyond one body of the announced length, which the header's check has limited before.

package import NIOCore
package import TesseraWire

/// Cuts the bytes of a connection into frames.
package struct FrameReader {
  private var buffer = ByteBuffer()

  package init() {}

  /// Takes bytes as they came from the socket.
  package mutating func append(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      var bytes = bytes
      buffer.discardReadBytes()
      buffer.writeBuffer(&bytes)
    }
  }

  /// The next whole frame with its body, checked, or nil when it has not arrived in full.
  ///
  /// - Parameter accepted: what a server may send now.
  /// - Throws: `BAD_FRAME`; nothing after it can be trusted.
  package mutating func next(
    accepting accepted: AcceptedFrames
  ) throws(WireError) -> (header: FrameHeader, body: ByteBuffer)? {
    let header = try FrameScanner.next(in: buffer.readableBytesSpan, accepting: accepted)
    guard let header else { return nil }
    buffer.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    guard let body = buffer.readSlice(length: header.bodyLength) else { return nil }
    return (header, body)
  }
}

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
    case .hello, .bind, .score, .ping, .unbind, .cancel, .list, .pong, .unbound:
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
