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
    /// N: rows that this user has in every coupon column; 0 exactly where nothing lies on that axis.
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
  /// The trace that the request belongs to; only where ``Capabilities/tracing`` was granted.
  public var trace: TraceContext?
  /// 1…``Limits/usersMax`` users.
  public var users: [User]
  /// One per column of the signature, in its order, users one after another.
  public var columns: [ColumnValues]

  /// A request; it is checked when it is encoded.
  public init(
    handle: UInt16, deadlineMicroseconds: UInt32 = 0, trace: TraceContext? = nil, users: [User],
    columns: [ColumnValues]
  ) {
    self.handle = handle
    self.deadlineMicroseconds = deadlineMicroseconds
    self.trace = trace
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
    let rows = try checkedRows(signature: signature, limits: limits)
    guard columns.count == signature.columns.count else {
      throw WireError(
        .badValue, "\(columns.count) columns, the signature has \(signature.columns.count)")
    }
    bytes.appendLittleEndian(handle)
    bytes.appendLittleEndian(UInt16(users.count))
    bytes.appendLittleEndian(deadlineMicroseconds)
    bytes.appendLittleEndian(trace == nil ? 0 : ScoreLayout.traceFlag)
    trace?.append(to: &bytes)
    for user in users {
      bytes.appendLittleEndian(user.key)
      bytes.appendLittleEndian(UInt16(user.events))
      bytes.appendLittleEndian(UInt16(user.coupons))
    }
    for (index, column) in signature.columns.enumerated() {
      do {
        try columns[index].encode(as: column, rows: rows[column.axis], into: &bytes)
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

  /// Rows of each axis, once they are known to be within the limits.
  private func checkedRows(
    signature: Signature, limits: FrameLimits
  ) throws(WireError) -> PerAxis<Int> {
    try checkCount(users.count, 1...limits.usersMax, "the frame's users")
    let eventsMax = min(signature.eventsMax, limits.eventsMax)
    let couponCounts = signature.couponCounts(limits: limits)
    var rows = PerAxis(repeating: 0)
    rows[.user] = users.count
    for (index, user) in users.enumerated() {
      guard user.events >= 0, user.events <= eventsMax else {
        throw WireError(.limit, "user \(index) has \(user.events) events, not 0…\(eventsMax)")
      }
      guard couponCounts.contains(user.coupons) else {
        throw WireError(
          .limit,
          "user \(index) has \(user.coupons) coupons, not \(couponCounts.lowerBound)…\(couponCounts.upperBound)"
        )
      }
      rows[.event] += user.events
      rows[.coupon] += user.coupons
    }
    guard rows[.event] <= limits.rowsMax, rows[.coupon] <= limits.rowsMax else {
      throw WireError(
        .limit,
        "\(rows[.event]) events, \(rows[.coupon]) coupons, at most \(limits.rowsMax) each")
    }
    let numbers = signature.numbers(users: users.count, coupons: rows[.coupon])
    guard numbers <= limits.numbersMax else {
      throw WireError(
        .limit, "the answer has \(numbers) numbers, at most \(limits.numbersMax)")
    }
    return rows
  }
}
