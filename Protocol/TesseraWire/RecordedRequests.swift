/// A recorded requests file (`*.frames`): SCORE frames one after another, exactly as on the wire.
///
/// Used for warm-up, load tests and golden tests. Recorders write handle 0 and count request ids from 0;
/// ``append(_:handle:requestID:deadlineMicroseconds:to:)`` puts the live ones in their place.
public struct RecordedRequests: Sendable {
  /// The file.
  public let bytes: [UInt8]
  /// Where each SCORE body lies in ``bytes``.
  public let bodies: [Range<Int>]

  /// Finds and checks every frame of the file. Bodies are not decoded: that needs a signature.
  ///
  /// - Throws: `BAD_FRAME` for a damaged or cut frame, or one that is not SCORE; the message names it.
  /// - Cost: one pass over the file.
  public init(decoding bytes: [UInt8]) throws(WireError) {
    var bodies: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      let place = "frame \(bodies.count) at byte \(start) of the file"
      let header: FrameHeader?
      do {
        // Integers have no padding that `bytes` could expose.
        header = try unsafe FrameScanner.next(
          in: bytes.span.bytes.extracting(start..<bytes.count), accepting: .every)
      } catch {
        throw WireError(error.code, "\(place): \(error.message)")
      }
      guard let header else { throw WireError(.badFrame, "\(place): the file ends inside it") }
      guard header.kind == .score else {
        throw WireError(.badFrame, "\(place): \(header.kind.name) where SCORE was expected")
      }
      bodies.append(start + FrameHeader.byteCount..<start + header.frameByteCount)
      start += header.frameByteCount
    }
    self.bytes = bytes
    self.bodies = bodies
  }

  /// Appends the recorded frame, addressed anew, as it goes to a server.
  public func append(
    _ index: Int, handle: UInt16, requestID: UInt64, deadlineMicroseconds: UInt32? = nil,
    to frames: inout [UInt8]
  ) throws(WireError) {
    let body = bytes[bodies[index]]
    guard body.count >= ScoreLayout.fixedByteCount else {
      throw WireError(.malformed, "recorded request \(index) has \(body.count) bytes")
    }
    let start = Frame.begin(in: &frames)
    frames.appendLittleEndian(handle)
    let (deadline, flags) = (
      body.startIndex + ScoreLayout.deadlineOffset, body.startIndex + ScoreLayout.flagsOffset
    )
    frames.append(contentsOf: body[body.startIndex + ScoreLayout.usersOffset..<deadline])
    if let deadlineMicroseconds {
      frames.appendLittleEndian(deadlineMicroseconds)
    } else {
      frames.append(contentsOf: body[deadline..<flags])
    }
    frames.append(contentsOf: body[flags...])
    Frame.end(.score, requestID: requestID, startedAt: start, in: &frames)
  }
}
