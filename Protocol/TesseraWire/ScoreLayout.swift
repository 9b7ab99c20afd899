/// Where everything in a SCORE body lies: the checked index that the engine reads the body with.
///
/// Keep one and reuse it: decoding into the same value allocates nothing after the first time.
public struct ScoreLayout: Hashable, Sendable {
  static let fixedByteCount = 10
  static let userRecordByteCount = 12
  /// Bit 0 of `flags`: a trace context follows.
  static let traceFlag: UInt16 = 1
  /// Where `users`, `deadline_us` and `flags` lie.
  static let usersOffset = 2
  package static let deadlineOffset = 4
  static let flagsOffset = 8

  /// The handle that BOUND gave.
  public private(set) var handle = 0
  /// Users in the frame, at least 1.
  public private(set) var users = 0
  /// The budget from arrival; 0 = the server's default.
  public private(set) var deadlineMicroseconds = 0
  /// The trace that the request belongs to.
  public private(set) var trace: TraceContext?
  /// Rows of each axis, and values of the widest bag column.
  public private(set) var counts = RowCounts()
  /// Numbers of the answer.
  public private(set) var answerNumbers = 0
  /// One layout per column of the signature, in its order.
  public private(set) var columns: [ColumnLayout] = []
  /// More are rare, and cost one allocation.
  private static let ordinaryColumns = 64
  private var recordsOffset = ScoreLayout.fixedByteCount

  /// An empty layout with room for the columns of an ordinary signature.
  public init() { columns.reserveCapacity(ScoreLayout.ordinaryColumns) }

  /// ΣT: rows of every event column.
  public var eventRows: Int { counts[.event] }
  /// ΣN: rows of every coupon column, and of every output on that axis.
  public var couponRows: Int { counts[.coupon] }

  /// The handle alone, so that the signature to decode with can be found.
  ///
  /// - Throws: `MALFORMED` when the body has no two bytes.
  public static func peekHandle(_ body: RawSpan) throws(WireError) -> Int {
    var reader = ByteReader()
    return Int(try reader.integer(body, UInt16.self, "handle"))
  }

  /// Checks the whole body against the signature and fills in every property.
  ///
  /// After an error the value holds no particular layout, but may be decoded into again.
  ///
  /// - Parameter capabilities: those that were granted; a trace context needs ``Capabilities/tracing``.
  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`, with column and offset, in the order of `SPEC.md`.
  /// - Cost: one pass over counts, strings and floats; integers are not looked at.
  public mutating func decode(
    _ body: RawSpan, signature: Signature, limits: FrameLimits = .standard,
    capabilities: Capabilities = .all
  ) throws(WireError) {
    columns.removeAll(keepingCapacity: true)
    var reader = ByteReader()
    handle = Int(try reader.integer(body, UInt16.self, "handle"))
    users = try reader.count(body, UInt16.self, 1...limits.usersMax, "users")
    answerNumbers = signature.numbers(users: users, coupons: 0)
    guard answerNumbers <= limits.numbersMax else {
      throw WireError(
        .limit, offset: ScoreLayout.usersOffset,
        "the answer for \(users) users has \(answerNumbers) numbers, at most \(limits.numbersMax)")
    }
    deadlineMicroseconds = Int(try reader.integer(body, UInt32.self, "deadline_us"))
    let flags = try reader.integer(body, UInt16.self, "flags")
    let known = capabilities.contains(.tracing) ? ScoreLayout.traceFlag : 0
    guard flags & ~known == 0 else {
      throw WireError(
        .malformed, offset: ScoreLayout.flagsOffset,
        "the flags are \(hex(flags)); bits other than \(hex(known)) are reserved here")
    }
    trace = flags & ScoreLayout.traceFlag == 0 ? nil : try TraceContext(body, &reader)
    try readUsers(body, &reader, signature: signature, limits: limits)
    for index in signature.columns.indices {
      reader.column = index
      // Field by field: a copy of the column would retain its name, for every column of every request.
      let layout = try reader.column(
        body, kind: signature.columns[index].kind, width: signature.columns[index].width,
        rows: counts[signature.columns[index].axis])
      if layout.isBag { counts.bagValues = max(counts.bagValues, layout.valueCount) }
      columns.append(layout)
    }
    try reader.end(body)
  }

  /// One user's record: its key for sticky routes (0 = none), its events and its coupons.
  ///
  /// - Parameter body: the body that was decoded. Traps for an index that is not in `0..<users`.
  public func userRecord(
    _ index: Int, in body: RawSpan
  ) -> (key: UInt64, events: Int, coupons: Int) {
    precondition(index >= 0 && index < users, "no such user in the frame")
    let offset = recordsOffset + index * ScoreLayout.userRecordByteCount
    return (
      body.littleEndian(at: offset, as: UInt64.self),
      Int(body.littleEndian(at: offset + 8, as: UInt16.self)),
      Int(body.littleEndian(at: offset + 10, as: UInt16.self))
    )
  }

  /// Where the rows of some neighbouring users lie on each axis. Cost: one step for each user before
  /// the last of them; O(1) for all users.
  ///
  /// - Parameter body: the body that was decoded.
  public func rows(of users: Range<Int>, in body: RawSpan) -> PerAxis<Range<Int>> {
    if users == 0..<self.users { return PerAxis { 0..<counts[$0] } }
    var rows = PerAxis(repeating: 0..<0)
    rows[.user] = users
    for user in 0..<users.upperBound {
      let record = userRecord(user, in: body)
      let counts = RowCounts(events: record.events, coupons: record.coupons)
      for axis in Axis.allCases where axis != .user {
        let begin = rows[axis].lowerBound + (user < users.lowerBound ? counts[axis] : 0)
        rows[axis] = begin..<rows[axis].upperBound + counts[axis]
      }
    }
    return rows
  }

  private mutating func readUsers(
    _ body: RawSpan, _ reader: inout ByteReader, signature: Signature, limits: FrameLimits
  ) throws(WireError) {
    recordsOffset = reader.offset
    let eventsMax = min(signature.eventsMax, limits.eventsMax)
    let couponCounts = signature.couponCounts(limits: limits)
    counts = RowCounts(users: users)
    let numbersOfCoupon = signature.numbers(users: 0, coupons: 1)
    for user in 0..<users {
      let offset = try reader.skip(body, ScoreLayout.userRecordByteCount, "the user record")
      let (_, events, coupons) = userRecord(user, in: body)
      let (eventsOffset, couponsOffset) = (offset + 8, offset + 10)
      guard events <= eventsMax else {
        throw WireError(
          .limit, offset: eventsOffset, "user \(user) has \(events) events, at most \(eventsMax)")
      }
      guard couponCounts.contains(coupons) else {
        throw WireError(
          .limit, offset: couponsOffset,
          "user \(user) has \(coupons) coupons, not \(couponCounts.lowerBound)…\(couponCounts.upperBound)"
        )
      }
      counts[.event] += events
      counts[.coupon] += coupons
      answerNumbers += coupons * numbersOfCoupon
      guard counts[.event] <= limits.rowsMax else {
        throw WireError(
          .limit, offset: eventsOffset, "more than \(limits.rowsMax) events in the frame")
      }
      guard counts[.coupon] <= limits.rowsMax else {
        throw WireError(
          .limit, offset: couponsOffset, "more than \(limits.rowsMax) coupons in the frame")
      }
      guard answerNumbers <= limits.numbersMax else {
        throw WireError(
          .limit, offset: couponsOffset,
          "the answer has more than \(limits.numbersMax) numbers; send fewer coupons")
      }
    }
  }
}
