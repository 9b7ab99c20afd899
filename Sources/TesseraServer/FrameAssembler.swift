package import NIOCore
package import TesseraWire

/// Bytes as they come from a socket, frames as they go to the connection. Bodies are slices of the
/// buffer that was read: nothing is copied unless a frame arrives in pieces.
package struct FrameAssembler {
  /// Bytes that are not part of a complete frame yet.
  private var pending = ByteBuffer()
  private let bodyBytesMax: Int

  package init(bodyBytesMax: Int = Limits.bodyBytesMax) { self.bodyBytesMax = bodyBytesMax }

  /// Whether a frame has begun and is not complete.
  package var isMidFrame: Bool { pending.readableBytes > 0 }

  /// Takes what was read.
  package mutating func append(_ bytes: ByteBuffer) {
    guard pending.readableBytes > 0 else {
      pending = bytes
      return
    }
    var bytes = bytes
    pending.writeBuffer(&bytes)
  }

  /// The next complete frame, or nil when more bytes are needed.
  ///
  /// - Throws: `BAD_FRAME`; the stream cannot be read on.
  package mutating func next() throws(WireError) -> (header: FrameHeader, body: ByteBuffer)? {
    let header = try FrameScanner.next(in: pending.readableBytesSpan, bodyBytesMax: bodyBytesMax)
    guard let header else {
      try reserve()
      return nil
    }
    pending.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    guard let body = pending.readSlice(length: header.bodyLength) else { return nil }
    if pending.readableBytes == 0 { pending = ByteBuffer() }
    return (header, body)
  }

  /// Makes room for the whole of a frame whose header is there, so that it is copied once and not
  /// each time that the buffer grows.
  private mutating func reserve() throws(WireError) {
    guard pending.readableBytes >= FrameHeader.byteCount else { return }
    let header = try FrameHeader(decoding: pending.readableBytesSpan, bodyBytesMax: bodyBytesMax)
    let missing = header.frameByteCount - pending.readableBytes
    if pending.writableBytes < missing {
      pending.reserveCapacity(minimumWritableBytes: missing)
    }
  }

  /// Forgets what is pending: nothing more is read from this stream.
  package mutating func clear() { pending = ByteBuffer() }
}
