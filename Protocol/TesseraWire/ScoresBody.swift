/// SCORES as a client reads it.
public struct ScoresBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.scores

  /// What became of one user of the request.
  public struct User: Hashable, Sendable {
    /// The version that scored it; 0 when it was not scored.
    public var version: UInt32
    /// Why it was not scored; nil when it was. Its rows are then zeros without meaning.
    public var status: ErrorCode?

    /// A user's part of the reply.
    public init(version: UInt32, status: ErrorCode? = nil) {
      self.version = version
      self.status = status
    }
  }

  /// The users of the request, in its order.
  public var users: [User]
  /// Outputs of the signature.
  public var outputs: Int
  /// How full the server's queue was: 0 empty … 255 full.
  public var load: UInt8
  /// From the frame's arrival until its batch began.
  public var queueMicroseconds: UInt32
  /// The computation of its batch.
  public var computeMicroseconds: UInt32
  /// Coupons of all users.
  public var coupons: Int
  /// All rows of the first output, then of the second, …
  public var values: [Float]

  /// A reply.
  public init(
    users: [User], outputs: Int, load: UInt8 = 0, queueMicroseconds: UInt32 = 0,
    computeMicroseconds: UInt32 = 0, coupons: Int, values: [Float]
  ) {
    self.users = users
    self.outputs = outputs
    self.load = load
    self.queueMicroseconds = queueMicroseconds
    self.computeMicroseconds = computeMicroseconds
    self.coupons = coupons
    self.values = values
  }

  /// The numbers of one output, row after row; the outputs are those of the handle's signature.
  ///
  /// - Precondition: ``matches(_:users:coupons:)``.
  public func output(_ index: Int, of outputs: [Output]) -> ArraySlice<Float> {
    var start = 0
    for output in outputs[..<index] { start += output.width * rows(of: output) }
    return values[start..<start + outputs[index].width * rows(of: outputs[index])]
  }

  /// Rows of an output.
  public func rows(of output: Output) -> Int { output.axis == .user ? users.count : coupons }

  /// Whether the reply has the shape that a request of so many rows asks for. A client must check it.
  public func matches(_ signature: Signature, users: Int, coupons: Int) -> Bool {
    self.users.count == users && self.coupons == coupons && outputs == signature.outputs.count
      && values.count == signature.numbers(users: users, coupons: coupons)
  }

  /// - Throws: `MALFORMED`, `LIMIT`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    let userCount = try reader.count(body, UInt16.self, 1...Limits.usersMax, "users")
    outputs = try reader.count(body, UInt8.self, 1...Limits.outputsMax, "outputs")
    load = try reader.integer(body, UInt8.self, "load")
    queueMicroseconds = try reader.integer(body, UInt32.self, "queue_us")
    computeMicroseconds = try reader.integer(body, UInt32.self, "compute_us")
    coupons = try reader.count(body, UInt32.self, 0...Limits.rowsMax, "coupon_rows")
    let numbers = try reader.count(body, UInt32.self, 0...Limits.numbersMax, "numbers")
    users = []
    users.reserveCapacity(userCount)
    for _ in 0..<userCount {
      let version = try reader.integer(body, UInt32.self, "version")
      let status = try reader.integer(body, UInt16.self, "status")
      users.append(
        User(version: version, status: status == 0 ? nil : ErrorCode(rawValue: status)))
    }
    let start = try reader.skip(body, numbers * 4, "the scores")
    values = (0..<numbers).map { body.float32(at: start + 4 * $0) }
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a count that is too high.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkCount(users.count, 1...Limits.usersMax, "users")
    try checkCount(outputs, 1...Limits.outputsMax, "outputs")
    try checkCount(coupons, 0...Limits.rowsMax, "coupon_rows")
    try checkCount(values.count, 0...Limits.numbersMax, "numbers")
    bytes.appendLittleEndian(UInt16(users.count))
    bytes.append(UInt8(outputs))
    bytes.append(load)
    bytes.appendLittleEndian(queueMicroseconds)
    bytes.appendLittleEndian(computeMicroseconds)
    bytes.appendLittleEndian(UInt32(coupons))
    bytes.appendLittleEndian(UInt32(values.count))
    for user in users {
      bytes.appendLittleEndian(user.version)
      bytes.appendLittleEndian(user.status?.rawValue ?? 0)
    }
    for value in values { bytes.appendLittleEndian(value.bitPattern) }
  }
}
