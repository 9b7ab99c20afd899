/// SCORES as a server writes it: into memory that is there already, allocating nothing.
///
/// Reserve ``byteCount`` bytes and ``begin(_:)``. Then, in any order and from as many batches as the frame's
/// users were divided into, note each user's version with ``setUser(_:version:status:in:)`` and let the engine
/// write its rows of each output inside ``valuesRange(output:)`` (float32, little-endian). At last
/// ``finish(_:requestID:load:queueMicroseconds:computeMicroseconds:)`` completes header and checksum.
public struct ScoresFrame: Hashable, Sendable {
  static let fixedBodyByteCount = 20
  static let userByteCount = 6
  static let bodyBytesMax =
    fixedBodyByteCount + Limits.usersMax * userByteCount + Limits.numbersMax * 4
  /// Where in the frame the users begin.
  package static let usersOffset = FrameHeader.byteCount + fixedBodyByteCount

  /// Outputs of the signature.
  public var outputs: [Output]
  /// The users of the request.
  public var users: Int
  /// Coupons of all users.
  public var coupons: Int

  /// The shape of a reply. Cost: a reference to the signature's outputs.
  public init(signature: Signature, users: Int, coupons: Int) {
    outputs = signature.outputs
    self.users = users
    self.coupons = coupons
  }

  /// Rows of an output.
  public func rows(output: Int) -> Int { outputs[output].axis == .user ? users : coupons }

  /// Numbers of all outputs.
  public var numbers: Int {
    var numbers = 0
    for index in outputs.indices { numbers += outputs[index].width * rows(output: index) }
    return numbers
  }

  /// Bytes of the whole frame.
  public var byteCount: Int {
    ScoresFrame.usersOffset + ScoresFrame.userByteCount * users + 4 * numbers
  }

  /// Where in the frame the numbers of one output lie: `rows` × `width` float32. Cost: O(outputs).
  public func valuesRange(output: Int) -> Range<Int> {
    var start = ScoresFrame.usersOffset + ScoresFrame.userByteCount * users
    for index in 0..<output { start += 4 * outputs[index].width * rows(output: index) }
    return start..<start + 4 * outputs[output].width * rows(output: output)
  }

  /// Where the numbers of some rows of one output lie. Cost: O(outputs).
  public func valuesRange(output: Int, rows: Range<Int>) -> Range<Int> {
    let start = valuesRange(output: output).lowerBound
    let rowBytes = 4 * outputs[output].width
    return start + rowBytes * rows.lowerBound..<start + rowBytes * rows.upperBound
  }

  /// Makes every user one that was not scored, with rows of zeros.
  ///
  /// - Parameter frame: exactly ``byteCount`` bytes.
  public func begin(_ frame: UnsafeMutableRawBufferPointer) {
    precondition(frame.count == byteCount, "the memory is not the size of the frame")
    // Every byte of the caller's memory, which is exactly this frame.
    unsafe frame.initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Notes what became of one user.
  ///
  /// - Parameters:
  ///   - version: what scored it; 0 when nothing did.
  ///   - status: nil when it was scored.
  public func setUser(
    _ user: Int, version: UInt32, status: ErrorCode?, in frame: UnsafeMutableRawBufferPointer
  ) {
    precondition(user >= 0 && user < users && frame.count == byteCount, "no such user")
    let offset = ScoresFrame.usersOffset + ScoresFrame.userByteCount * user
    // The user's record lies before the outputs: checked above.
    unsafe store(version, in: frame, at: offset)
    unsafe store(status?.rawValue ?? 0, in: frame, at: offset + 4)
  }

  /// Writes everything but users and scores, which must be in place: the checksum covers them.
  ///
  /// - Parameter frame: exactly ``byteCount`` bytes.
  /// - Cost: one pass over the frame; no allocation.
  public func finish(
    _ frame: UnsafeMutableRawBufferPointer, requestID: UInt64, load: UInt8,
    queueMicroseconds: UInt32, computeMicroseconds: UInt32
  ) {
    // The caller's memory is exactly this frame; every store below lies in its first forty bytes.
    precondition(frame.count == byteCount, "the memory is not the size of the frame")
    let body = FrameHeader.byteCount
    unsafe store(UInt16(users), in: frame, at: body)
    unsafe store(UInt8(outputs.count), in: frame, at: body + 2)
    unsafe store(load, in: frame, at: body + 3)
    unsafe store(queueMicroseconds, in: frame, at: body + 4)
    unsafe store(computeMicroseconds, in: frame, at: body + 8)
    unsafe store(UInt32(coupons), in: frame, at: body + 12)  // As above, and below.
    unsafe store(UInt32(numbers), in: frame, at: body + 16)
    // Reads the body that was just completed, and stores the header before it: the first twenty bytes.
    let header = FrameHeader(
      kind: .scores, requestID: requestID,
      // The view ends with this call, and the caller's memory outlives it.
      body: unsafe UnsafeRawBufferPointer(frame).bytes.extracting(body..<byteCount))
    unsafe store(UInt32(header.bodyLength), in: frame, at: 0)
    unsafe store(header.kind.rawValue, in: frame, at: 4)
    unsafe store(header.flags, in: frame, at: 5)
    unsafe store(UInt16(0), in: frame, at: 6)
    // The header ends at byte twenty.
    unsafe store(requestID, in: frame, at: 8)
    unsafe store(header.crc, in: frame, at: 16)
  }

  private func store<T: FixedWidthInteger & BitwiseCopyable>(
    _ value: T, in frame: UnsafeMutableRawBufferPointer, at offset: Int
  ) {
    // The callers have checked the bounds.
    unsafe frame.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}
