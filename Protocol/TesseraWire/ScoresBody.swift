/// SCORES as a client reads it.
public struct ScoresBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.scores

  /// The version that scored.
  public var version: UInt32
  /// The users of the request.
  public var users: Int
  /// How full the server's queue was: 0 empty … 255 full.
  public var load: UInt8
  /// From the frame's arrival until its batch began.
  public var queueMicroseconds: UInt32
  /// The computation of its batch.
  public var computeMicroseconds: UInt32
  /// Coupons of all users: rows of every output.
  public var rows: Int
  /// Outputs of the signature.
  public var outputs: Int
  /// `outputs` × `rows` scores, one output after another.
  public var values: [Float]

  /// A reply; `values` must have `outputs` × `rows` elements.
  public init(
    version: UInt32, users: Int, load: UInt8 = 0, queueMicroseconds: UInt32 = 0,
    computeMicroseconds: UInt32 = 0, rows: Int, outputs: Int, values: [Float]
  ) {
    self.version = version
    self.users = users
    self.load = load
    self.queueMicroseconds = queueMicroseconds
    self.computeMicroseconds = computeMicroseconds
    self.rows = rows
    self.outputs = outputs
    self.values = values
  }

  /// The scores of one output, users one after another, coupons as sent.
  public func output(_ index: Int) -> ArraySlice<Float> {
    values[index * rows..<(index + 1) * rows]
  }

  /// - Throws: `MALFORMED`, `LIMIT`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    version = try reader.integer(body, UInt32.self, "version")
    users = Int(try reader.integer(body, UInt16.self, "users"))
    outputs = Int(try reader.integer(body, UInt8.self, "outputs"))
    load = try reader.integer(body, UInt8.self, "load")
    queueMicroseconds = try reader.integer(body, UInt32.self, "queue_us")
    computeMicroseconds = try reader.integer(body, UInt32.self, "compute_us")
    rows = Int(try reader.integer(body, UInt32.self, "rows"))
    guard (1...Limits.outputsMax).contains(outputs) else {
      throw WireError(.limit, offset: 6, "\(outputs) outputs, not 1…8")
    }
    guard rows <= Limits.rowsMax else {
      throw WireError(.limit, offset: 16, "\(rows) rows, at most 16384")
    }
    let start = try reader.skip(body, outputs * rows * 4, "the scores")
    values = (0..<outputs * rows).map { body.float32(at: start + 4 * $0) }
    try reader.end(body)
  }

  /// - Throws: `LIMIT` when `values` does not have `outputs` × `rows` elements or a count is too high.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    guard values.count == outputs * rows, (1...Limits.outputsMax).contains(outputs),
      (0...Limits.rowsMax).contains(rows)
    else {
      throw WireError(.limit, "\(values.count) values for \(outputs) outputs × \(rows) rows")
    }
    bytes.appendLittleEndian(version)
    bytes.appendLittleEndian(UInt16(clamping: users))
    bytes.append(UInt8(outputs))
    bytes.append(load)
    bytes.appendLittleEndian(queueMicroseconds)
    bytes.appendLittleEndian(computeMicroseconds)
    bytes.appendLittleEndian(UInt32(rows))
    for value in values { bytes.appendLittleEndian(value.bitPattern) }
  }
}
