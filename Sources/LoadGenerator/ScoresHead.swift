import TesseraWire

/// What stands before the numbers in a SCORES body; the numbers themselves are not looked at.
struct ScoresHead {
  private static let fixedByteCount = 20
  private static let userByteCount = 6

  /// The version is the first user's, and 0 when it was not scored.
  let times: ServerTimes
  /// The first status that is not 0.
  let status: ErrorCode?
  let users: UInt16
  let outputs: UInt8
  let coupons: UInt32
  let numbers: UInt32

  /// - Throws: `MALFORMED` when the body is not as long as it says.
  init(_ body: RawSpan) throws(WireError) {
    guard body.byteCount >= Self.fixedByteCount else {
      throw WireError(
        .malformed, "SCORES has \(body.byteCount) bytes, fewer than \(Self.fixedByteCount)")
    }
    users = body.littleEndian(at: 0, as: UInt16.self)
    outputs = body.littleEndian(at: 2, as: UInt8.self)
    coupons = body.littleEndian(at: 12, as: UInt32.self)
    numbers = body.littleEndian(at: 16, as: UInt32.self)
    let usersEnd = Self.fixedByteCount + Self.userByteCount * Int(users)
    guard users > 0, body.byteCount == usersEnd + 4 * Int(numbers) else {
      throw WireError(
        .malformed, "SCORES has \(body.byteCount) bytes for \(users) users, \(numbers) numbers")
    }
    var status: ErrorCode?
    for start in stride(from: Self.fixedByteCount, to: usersEnd, by: Self.userByteCount) {
      let code = body.littleEndian(at: start + 4, as: UInt16.self)
      if code != 0, status == nil { status = ErrorCode(rawValue: code) }
    }
    self.status = status
    times = ServerTimes(
      version: body.littleEndian(at: Self.fixedByteCount, as: UInt32.self),
      queueMicroseconds: body.littleEndian(at: 4, as: UInt32.self),
      computeMicroseconds: body.littleEndian(at: 8, as: UInt32.self))
  }
}
