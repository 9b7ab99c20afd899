import TesseraWire

/// What stands before the scores in a SCORES body; the scores themselves are not looked at.
struct ScoresHead {
  let times: ServerTimes
  let users: UInt16
  let outputs: UInt8
  let rows: UInt32

  /// - Throws: `MALFORMED` when the body is not as long as it says.
  init(_ body: RawSpan) throws(WireError) {
    guard body.byteCount >= 20 else {
      throw WireError(.malformed, "SCORES has \(body.byteCount) bytes, at least 20")
    }
    times = ServerTimes(
      version: body.littleEndian(at: 0, as: UInt32.self),
      queueMicroseconds: body.littleEndian(at: 8, as: UInt32.self),
      computeMicroseconds: body.littleEndian(at: 12, as: UInt32.self))
    users = body.littleEndian(at: 4, as: UInt16.self)
    outputs = body.littleEndian(at: 6, as: UInt8.self)
    rows = body.littleEndian(at: 16, as: UInt32.self)
    guard body.byteCount == 20 + 4 * Int(outputs) * Int(rows) else {
      throw WireError(
        .malformed, "SCORES has \(body.byteCount) bytes for \(outputs) outputs × \(rows) rows")
    }
  }
}
