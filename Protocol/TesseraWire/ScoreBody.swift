/// SCORE as a client builds it: values in, narrowest encodings out.
///
/// For servers, which read bodies in place, there is ``ScoreLayout``.
public struct ScoreBody: Hashable, Sendable {
  /// One user of the frame.
  public struct User: Hashable, Sendable {
    /// For sticky routes; 0 = none.
    public var key: UInt64
    /// T: rows that this user has in every event column; 0 is legal.
    public var events: Int
    /// N: rows that this user has in every coupon column; at least 1.
    public var coupons: Int

    /// A user and its row counts.
    public init(key: UInt64 = 0, events: Int, coupons: Int) {
      self.key = key
      self.events = events
      self.coupons = coupons
    }
  }

  /// The handle that BOUND gave.
  public var handle: UInt16
  /// The budget from arrival; 0 = the server's default.
  public var deadlineMicroseconds: UInt32
  /// 1…64 users.
  public var users: [User]
  /// One per column of the signature, in its order, users one after another.
  public var columns: [ColumnValues]

  /// A request; it is checked when it is encoded.
  public init(
    handle: UInt16, deadlineMicroseconds: UInt32 = 0, users: [User], columns: [ColumnValues]
  ) {
    self.handle = handle
    self.deadlineMicroseconds = deadlineMicroseconds
    self.users = users
    self.columns = columns
  }

  /// Appends a whole SCORE frame. On an error nothing has been appended.
  ///
  /// - Throws: `LIMIT` or `BAD_VALUE` with the column, when the server would refuse the frame.
  /// - Cost: two passes over the values (one finds the narrowest encoding).
  public func encodeFrame(
    requestID: UInt64, signature: Signature, limits: FrameLimits = .standard,
    into bytes: inout [UInt8]
  ) throws(WireError) {
    let start = Frame.begin(in: &bytes)
    do {
      try encode(signature: signature, limits: limits, into: &bytes)
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
    Frame.end(.score, requestID: requestID, startedAt: start, in: &bytes)
  }

  /// Appends the body alone. After an error the array may end in a part of it.
  public func encode(
    signature: Signature, limits: FrameLimits = .standard, into bytes: inout [UInt8]
  ) throws(WireError) {
    let start = bytes.count
    try checkUsers(signature: signature, limits: limits)
    guard columns.count == signature.columns.count else {
      throw WireError(
        .badValue, "\(columns.count) columns, the signature has \(signature.columns.count)")
    }
    bytes.appendLittleEndian(handle)
    bytes.appendLittleEndian(UInt16(users.count))
    bytes.appendLittleEndian(deadlineMicroseconds)
    for user in users {
      bytes.appendLittleEndian(user.key)
      bytes.appendLittleEndian(UInt16(user.events))
      bytes.appendLittleEndian(UInt16(user.coupons))
    }
    for (index, column) in signature.columns.enumerated() {
      let rows =
        switch column.axis {
        case .user: users.count
        case .event: users.reduce(0) { $0 + $1.events }
        case .coupon: users.reduce(0) { $0 + $1.coupons }
        }
      do {
        try columns[index].encode(as: column, rows: rows, into: &bytes)
      } catch {
        var placed = error
        placed.column = index
        throw placed
      }
    }
    guard bytes.count - start <= limits.bodyBytesMax else {
      throw WireError(
        .limit, "the body has \(bytes.count - start) bytes, at most \(limits.bodyBytesMax)")
    }
  }

  private func checkUsers(signature: Signature, limits: FrameLimits) throws(WireError) {
    guard users.count >= 1, users.count <= limits.usersMax else {
      throw WireError(.limit, "\(users.count) users, not 1…\(limits.usersMax)")
    }
    let eventsMax = min(signature.eventsMax, limits.eventsMax)
    let couponsMax = min(signature.couponsMax, limits.couponsMax)
    var eventRows = 0
    var couponRows = 0
    for (index, user) in users.enumerated() {
      guard user.events >= 0, user.events <= eventsMax else {
        throw WireError(.limit, "user \(index) has \(user.events) events, not 0…\(eventsMax)")
      }
      guard user.coupons >= 1, user.coupons <= couponsMax else {
        throw WireError(.limit, "user \(index) has \(user.coupons) coupons, not 1…\(couponsMax)")
      }
      eventRows += user.events
      couponRows += user.coupons
    }
    guard eventRows <= limits.rowsMax, couponRows <= limits.rowsMax else {
      throw WireError(
        .limit, "\(eventRows) events, \(couponRows) coupons, at most \(limits.rowsMax) each")
    }
  }
}
