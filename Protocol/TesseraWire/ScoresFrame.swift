/// SCORES as a server writes it: into memory that is there already, allocating nothing.
///
/// Reserve ``byteCount`` bytes, let the engine write each output at ``valuesRange(output:)`` (float32,
/// little-endian), then call ``finish(_:requestID:load:queueMicroseconds:computeMicroseconds:)``.
public struct ScoresFrame: Hashable, Sendable {
  static let fixedBodyByteCount = 20

  /// The version that scored.
  public var version: UInt32
  /// The users of the request.
  public var users: Int
  /// Outputs of the signature, 1…8.
  public var outputs: Int
  /// Coupons of all users.
  public var rows: Int

  /// The shape of a reply.
  public init(version: UInt32, users: Int, outputs: Int, rows: Int) {
    self.version = version
    self.users = users
    self.outputs = outputs
    self.rows = rows
  }

  /// Bytes of the whole frame.
  public var byteCount: Int {
    FrameHeader.byteCount + ScoresFrame.fixedBodyByteCount + 4 * outputs * rows
  }

  /// Where in the frame the `rows` scores of one output lie.
  public func valuesRange(output: Int) -> Range<Int> {
    let start = FrameHeader.byteCount + ScoresFrame.fixedBodyByteCount + 4 * rows * output
    return start..<start + 4 * rows
  }

  /// Writes everything but the scores, which must be in place: the checksum covers them.
  ///
  /// - Parameter frame: exactly ``byteCount`` bytes.
  /// - Cost: one pass over the frame; no allocation.
  public func finish(
    _ frame: UnsafeMutableRawBufferPointer, requestID: UInt64, load: UInt8,
    queueMicroseconds: UInt32, computeMicroseconds: UInt32
  ) {
    // The caller's memory is exactly this frame; every store below lies in its first forty bytes.
    precondition(frame.count == byteCount, "the memory is not the size of the frame")
    unsafe store(version, in: frame, at: 20)
    unsafe store(UInt16(users), in: frame, at: 24)
    unsafe store(UInt8(outputs), in: frame, at: 26)
    unsafe store(load, in: frame, at: 27)
    unsafe store(queueMicroseconds, in: frame, at: 28)
    unsafe store(computeMicroseconds, in: frame, at: 32)
    unsafe store(UInt32(rows), in: frame, at: 36)
    let header = FrameHeader(
      kind: .scores, requestID: requestID,
      body: unsafe UnsafeRawBufferPointer(frame).bytes.extracting(FrameHeader.byteCount..<byteCount)
    )
    unsafe store(UInt32(header.bodyLength), in: frame, at: 0)
    unsafe store(header.kind.rawValue, in: frame, at: 4)
    unsafe store(header.flags, in: frame, at: 5)
    unsafe store(UInt16(0), in: frame, at: 6)
    unsafe store(requestID, in: frame, at: 8)
    unsafe store(header.crc, in: frame, at: 16)
  }

  private func store<T: FixedWidthInteger & BitwiseCopyable>(
    _ value: T, in frame: UnsafeMutableRawBufferPointer, at offset: Int
  ) {
    // Bounds: see `finish`.
    unsafe frame.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}
