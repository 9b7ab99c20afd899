import TesseraWire

/// One or several users, each with some coupons, to be scored together.
///
/// Columns are given by name. What a model wants is in ``TesseraClient/signature(of:deadline:)``: every column of
/// the signature must be there, columns that it does not name are left out when the request is sent (so a
/// new column can be sent before the model that reads it is promoted).
///
/// A column of the user axis has one value; of the event axis one per event, oldest first (none for a new
/// user); of the coupon axis one per coupon.
///
/// ```swift
/// let request = ScoreRequest([
///   "age_bucket": .integer(4),
///   "category": .strings(["SOFT DRINKS", "CHEESE"]),
///   "spend": .numbers([2.49, 5.99]),
///   "coupon_products": .stringBags([["CHEESE", "YOGURT"], ["FROZEN PIZZA"], ["SOAP"]]),
/// ])
/// ```
public struct ScoreRequest: Hashable, Sendable {
  /// One user of a request.
  public struct User: Hashable, Sendable {
    /// Keeps a user on the same version where an alias splits its traffic; 0 means no preference.
    public var key: UInt64
    /// Values by the name of the column.
    public var columns: [String: ColumnValues]

    /// A user with these columns.
    public init(key: UInt64 = 0, columns: [String: ColumnValues]) {
      self.key = key
      self.columns = columns
    }
  }

  /// At least one; how many a server takes is in its greeting.
  public var users: [User]
  /// The trace that the request belongs to; sent where the server takes one.
  public var trace: TraceContext?

  /// Several users in one frame: cheaper than one request for each, and answered together.
  public init(users: [User]) {
    self.users = users
  }

  /// One user.
  public init(_ columns: [String: ColumnValues], userKey: UInt64 = 0) {
    users = [User(key: userKey, columns: columns)]
  }
}

extension ColumnValues {
  /// One integer: a column of the user axis.
  public static func integer(_ value: Int64) -> ColumnValues { .integers([value]) }
  /// One number, NaN = missing: a column of the user axis.
  public static func number(_ value: Float) -> ColumnValues { .numbers([value]) }
  /// One string: a column of the user axis.
  public static func string(_ value: String) -> ColumnValues { .strings([value]) }
}

// MARK: - To the wire

extension ScoreRequest {
  /// The body of the SCORE frame, complete but for handle and deadline, and each user's coupon count.
  ///
  /// - Throws: `invalidRequest` with the column's name.
  /// - Cost: one look-up for each user and column, one pass over the values.
  func encode(
    for signature: Signature, limits: FrameLimits, capabilities: Capabilities
  ) throws(TesseraClientError) -> (body: [UInt8], coupons: [Int]) {
    guard !users.isEmpty else {
      throw TesseraClientError(.invalidRequest, "the request has no user; it needs at least one")
    }
    // Rows of each user on each axis that the model reads, with the column that told.
    var rows = users.map { _ in PerAxis<(count: Int, column: String)?>(repeating: nil) }
    var columns: [ColumnValues] = []
    columns.reserveCapacity(signature.columns.count)
    for column in signature.columns {
      var given: [ColumnValues] = []
      given.reserveCapacity(users.count)
      for (index, user) in users.enumerated() {
        let values = try user.values(of: column, index: index)
        try check(values.rows, of: column, user: index, beside: rows[index][column.axis])
        rows[index][column.axis] = (values.rows, column.name)
        given.append(values)
      }
      guard let joined = ColumnValues(joining: given) else {
        throw TesseraClientError(
          .invalidRequest,
          "column '\(column.name)' is not of the same kind for every user of the request",
          column: column.name)
      }
      columns.append(joined)
    }
    let noCoupons = signature.couponsMax == 0 ? 0 : 1
    let wireUsers = users.indices.map { index in
      ScoreBody.User(
        key: users[index].key, events: rows[index][.event]?.count ?? 0,
        coupons: rows[index][.coupon]?.count ?? noCoupons)
    }
    var body: [UInt8] = []
    do {
      try ScoreBody(
        handle: 0, trace: capabilities.contains(.tracing) ? trace : nil, users: wireUsers,
        columns: columns
      ).encode(signature: signature, limits: limits, into: &body)
    } catch {
      throw TesseraClientError(.invalidRequest, error, signature: signature)
    }
    return (body, wireUsers.map(\.coupons))
  }

  private func check(
    _ rows: Int, of column: Column, user: Int, beside other: (count: Int, column: String)?
  ) throws(TesseraClientError) {
    if column.axis.parent == nil, rows != 1 {
      throw TesseraClientError(
        .invalidRequest,
        "user \(user) has \(rows) values in column '\(column.name)'; a column of the "
          + "\(column.axis.name) axis has one",
        column: column.name)
    }
    guard let other, rows != other.count else { return }
    throw TesseraClientError(
      .invalidRequest,
      "user \(user) has \(rows) rows in column '\(column.name)' and \(other.count) in "
        + "'\(other.column)'; all columns of the \(column.axis.name) axis are equally long",
      column: column.name)
  }
}

extension ScoreRequest.User {
  fileprivate func values(
    of column: Column, index: Int
  ) throws(TesseraClientError) -> ColumnValues {
    if let values = columns[column.name] { return values }
    throw TesseraClientError(
      .invalidRequest,
      "user \(index) has no column '\(column.name)' (\(column.axis.name) axis, \(column.kind)), which "
        + "the model needs; given are \(columns.keys.sorted().joined(separator: ", "))",
      column: column.name)
  }
}
