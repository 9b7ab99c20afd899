/// A body that knows its kind: the value form of every frame but SCORE and PING.
public protocol FrameBody: Hashable, Sendable {
  /// The kind of frame it travels in.
  static var kind: FrameKind { get }
  /// Reads a whole body; bytes left over are an error.
  init(decoding body: RawSpan) throws(WireError)
  /// Appends the body's bytes. On an error nothing has been appended.
  func encode(into bytes: inout [UInt8]) throws(WireError)
}

extension FrameBody {
  /// Appends a whole frame: header, body, checksum. On an error nothing has been appended.
  public func encodeFrame(requestID: UInt64, into bytes: inout [UInt8]) throws(WireError) {
    let start = Frame.begin(in: &bytes)
    do {
      try encode(into: &bytes)
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
    Frame.end(Self.kind, requestID: requestID, startedAt: start, in: &bytes)
  }
}

/// Frames written into a growing array.
public enum Frame {
  /// Appends a frame around body bytes that are there already (PING, PONG, a recorded SCORE).
  public static func append(
    _ kind: FrameKind, requestID: UInt64, body: RawSpan, to bytes: inout [UInt8]
  ) {
    FrameHeader(kind: kind, requestID: requestID, body: body).encode(into: &bytes)
    bytes.reserveCapacity(bytes.count + body.byteCount)
    for offset in body.byteOffsets { bytes.append(body.littleEndian(at: offset, as: UInt8.self)) }
  }

  /// Makes room for a header; the body is appended next, then ``end(_:requestID:startedAt:in:)`` is called
  /// with the position this returns.
  static func begin(in bytes: inout [UInt8]) -> Int {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: FrameHeader.byteCount))
    return start
  }

  /// Fills in the header of the frame that began at `start` and ends at the array's end.
  static func end(
    _ kind: FrameKind, requestID: UInt64, startedAt start: Int, in bytes: inout [UInt8]
  ) {
    var header = FrameHeader(
      kind: kind, requestID: requestID, bodyLength: bytes.count - start - FrameHeader.byteCount)
    // Integers have no padding that `bytes` could expose.
    header.crc = unsafe header.expectedCRC(
      body: bytes.span.bytes.extracting(start + FrameHeader.byteCount..<bytes.count))
    var encoded: [UInt8] = []
    encoded.reserveCapacity(FrameHeader.byteCount)
    header.encode(into: &encoded)
    bytes.replaceSubrange(start..<start + FrameHeader.byteCount, with: encoded)
  }
}
