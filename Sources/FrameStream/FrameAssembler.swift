package import NIOCore
package import TesseraWire

/// Bytes as they come from a socket, frames as they go to the connection: of a server as of a client.
///
/// A frame that lies within one read is a slice of the buffer that was read: nothing is copied. One
/// that spans reads is put together in a buffer of its own, and only that one is copied.
package struct FrameAssembler {
  /// What was read last and is not used yet.
  private var read = ByteBuffer()
  /// The beginning of a frame whose end has not been read.
  private var partial = ByteBuffer()
  /// Bytes still to come of a frame that is passed over.
  private var passedOverBytes = 0

  package init() {}

  /// Whether a frame has begun and is not complete. Meaningful once ``next()`` has returned nil.
  package var isMidFrame: Bool { partial.readableBytes > 0 || passedOverBytes > 0 }

  /// Whether there is something that ``next(accepting:)`` has not looked at yet.
  package var hasUnread: Bool { read.readableBytes > 0 }

  /// Memory that is held for what is not complete, in bytes: at most a frame and what doubling a
  /// buffer adds to it, and one read.
  package var storageBytes: Int { read.capacity + partial.capacity }

  /// Takes what was read.
  package mutating func append(_ bytes: ByteBuffer) {
    guard hasUnread else {
      read = bytes
      return
    }
    var bytes = bytes
    read.writeBuffer(&bytes)
  }

  /// Gives up the frame that has begun: what is held of it is freed, and its rest will be passed over. Returns its
  /// header, or nil when that is not complete, or there is no such frame, or it is passed over already.
  ///
  /// - Throws: as ``next(accepting:)``.
  package mutating func passOver(accepting accepted: AcceptedFrames) throws(WireError)
    -> FrameHeader?
  {
    guard partial.readableBytes >= FrameHeader.byteCount else { return nil }
    let header = try FrameHeader(decoding: partial.readableBytesSpan, accepting: accepted)
    passedOverBytes = header.frameByteCount - partial.readableBytes
    partial = ByteBuffer()
    return header
  }

  /// The next complete frame, checked, or nil when more bytes are needed.
  ///
  /// - Parameter accepted: what the other side may send now; all else is refused on its header, before its
  ///   body is waited for.
  /// - Throws: `BAD_FRAME` or `EXPECTED_HELLO`; the stream cannot be read on.
  package mutating func next(
    accepting accepted: AcceptedFrames
  ) throws(WireError) -> (header: FrameHeader, body: ByteBuffer)? {
    if passedOverBytes > 0 {
      let count = min(passedOverBytes, read.readableBytes)
      read.moveReaderIndex(forwardBy: count)
      passedOverBytes -= count
      if passedOverBytes > 0 { return nil }
    }
    if partial.readableBytes > 0 { return try complete(accepting: accepted) }
    let header = try FrameScanner.next(in: read.readableBytesSpan, accepting: accepted)
    guard let header else {
      partial.writeBuffer(&read)
      read = ByteBuffer()
      return nil
    }
    read.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    return read.readSlice(length: header.bodyLength).map { (header, $0) }
  }

  /// Goes on with the frame that began in an earlier read.
  private mutating func complete(
    accepting accepted: AcceptedFrames
  ) throws(WireError) -> (header: FrameHeader, body: ByteBuffer)? {
    guard take(upTo: FrameHeader.byteCount) else { return nil }
    let header = try FrameHeader(decoding: partial.readableBytesSpan, accepting: accepted)
    guard take(upTo: header.frameByteCount) else { return nil }
    var frame = partial
    partial = ByteBuffer()
    frame.moveReaderIndex(forwardBy: FrameHeader.byteCount)
    try header.verify(body: frame.readableBytesSpan)
    return (header, frame)
  }

  /// Moves bytes to the partial frame until it has `count`; false when there are not enough.
  private mutating func take(upTo count: Int) -> Bool {
    let missing = count - partial.readableBytes
    if missing > 0, var bytes = read.readSlice(length: min(missing, read.readableBytes)) {
      partial.writeBuffer(&bytes)
    }
    return partial.readableBytes >= count
  }

  /// Forgets what is held: nothing more is read from this stream.
  package mutating func clear() {
    read = ByteBuffer()
    partial = ByteBuffer()
    passedOverBytes = 0
  }
}
