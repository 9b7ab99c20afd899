/// Finds frames in a stream of bytes, without state: the caller keeps the bytes that are not used yet
/// and asks again when more have come.
public enum FrameScanner {
  /// The first frame of the bytes, checked, or nil when it has not arrived in full (nothing is consumed).
  ///
  /// The body lies at bytes `FrameHeader.byteCount ..< frame.byteCount`. A bad header is thrown as soon
  /// as its twenty bytes are there, before any of the body needs to be buffered.
  ///
  /// - Throws: `BAD_FRAME` or `EXPECTED_HELLO`, after which the stream cannot be trusted. Cost: one pass over the body.
  public static func next(
    in bytes: RawSpan, accepting accepted: AcceptedFrames
  ) throws(WireError) -> FrameHeader? {
    guard bytes.byteCount >= FrameHeader.byteCount else { return nil }
    let header = try FrameHeader(decoding: bytes, accepting: accepted)
    guard bytes.byteCount >= header.frameByteCount else { return nil }
    try header.verify(body: bytes.extracting(FrameHeader.byteCount..<header.frameByteCount))
    return header
  }
}

extension FrameHeader {
  /// Bytes of the whole frame, header and body.
  public var frameByteCount: Int { FrameHeader.byteCount + bodyLength }
}
