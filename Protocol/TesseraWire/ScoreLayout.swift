/// Where everything in a SCORE body lies: the checked index that the engine reads the body with.
///
/// Keep one and reuse it: decoding into the same value allocates nothing after the first time.
public struct ScoreLayout: Hashable, Sendable {
  static let fixedByteCount = 8
  static let userRecordByteCount = 12

  /// The handle that BOUND gave.
  public private(set) var handle = 0
  /// Users in the frame, 1…64.
  public private(set) var users = 0
  /// The budget from arrival; 0 = the server's default.
  public private(set) var deadlineMicroseconds = 0
  /// ΣT: rows of every event column.
  public private(set) var eventRows = 0
  /// ΣN: rows of every coupon column, and of every output.
  public private(set) var couponRows = 0
  /// One layout per column of the signature, in its order.
  public private(set) var columns: [ColumnLayout] = []

  /// An empty layout with room for the columns of any signature.
  public init() { columns.reserveCapacity(Limits.columnsMax) }

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
  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`, with column and offset.
  /// - Cost: one pass over counts, strings and floats; integers are not looked at.
  public mutating func decode(
    _ body: RawSpan, signature: Signature, limits: FrameLimits = .standard
  ) throws(WireError) {
    columns.removeAll(keepingCapacity: true)
    var reader = ByteReader()
    handle = Int(try reader.integer(body, UInt16.self, "handle"))
    users = Int(try reader.integer(body, UInt16.self, "users"))
    deadlineMicroseconds = Int(try reader.integer(body, UInt32.self, "deadline_us"))
    guard users >= 1, users <= limits.usersMax else {
      throw WireError(.limit, offset: 2, "\(users) users, not 1…\(limits.usersMax)")
    }
    let records = try reader.skip(body, users * ScoreLayout.userRecordByteCount, "the user records")
    try countRows(
      body, records: records, eventsMax: min(signature.eventsMax, limits.eventsMax),
      couponsMax: min(signature.couponsMax, limits.couponsMax), rowsMax: limits.rowsMax)
    for index in signature.columns.indices {
      let rows =
        switch signature.columns[index].axis {
        case .user: users
        case .event: eventRows
        case .coupon: couponRows
        }
      reader.column = index
      columns.append(try reader.column(body, kind: signature.columns[index].kind, rows: rows))
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
    let offset = ScoreLayout.fixedByteCount + index * ScoreLayout.userRecordByteCount
    return (
      body.littleEndian(at: offset, as: UInt64.self),
      Int(body.littleEndian(at: offset + 8, as: UInt16.self)),
      Int(body.littleEndian(at: offset + 10, as: UInt16.self))
    )
  }

  private mutating func countRows(
    _ body: RawSpan, records: Int, eventsMax: Int, couponsMax: Int, rowsMax: Int
  ) throws(WireError) {
    eventRows = 0
    couponRows = 0
    for user in 0..<users {
      let (_, events, coupons) = userRecord(user, in: body)
      let offset = records + user * ScoreLayout.userRecordByteCount
      guard events <= eventsMax else {
        throw WireError(
          .limit, offset: offset + 8, "user \(user) has \(events) events, at most \(eventsMax)")
      }
      guard coupons >= 1, coupons <= couponsMax else {
        throw WireError(
          .limit, offset: offset + 10, "user \(user) has \(coupons) coupons, not 1…\(couponsMax)")
      }
      eventRows += events
      couponRows += coupons
      guard eventRows <= rowsMax else {
        throw WireError(.limit, offset: offset + 8, "more than \(rowsMax) events in the frame")
      }
      guard couponRows <= rowsMax else {
        throw WireError(.limit, offset: offset + 10, "more than \(rowsMax) coupons in the frame")
      }
    }
  }
}
