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

  /// 1 to 64 users; how many a server takes is in its greeting.
  public var users: [User]

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
  func encode(
    for signature: Signature, limits: FrameLimits
  ) throws(TesseraClientError) -> (body: [UInt8], coupons: [Int]) {
    var wireUsers: [ScoreBody.User] = []
    for (index, user) in users.enumerated() {
      wireUsers.append(
        ScoreBody.User(
          key: user.key,
          events: try rows(.event, of: user, index: index, signature) ?? 0,
          coupons: try rows(.coupon, of: user, index: index, signature) ?? 1))
    }
    var columns: [ColumnValues] = []
    for column in signature.columns { columns.append(try values(of: column)) }
    var body: [UInt8] = []
    do {
      try ScoreBody(handle: 0, users: wireUsers, columns: columns)
        .encode(signature: signature, limits: limits, into: &body)
    } catch {
      throw TesseraClientError(.invalidRequest, error, signature: signature)
    }
    return (body, wireUsers.map(\.coupons))
  }

  /// How long this user's columns of `axis` are; nil when the model has no such column.
  private func rows(
    _ axis: Axis, of user: User, index: Int, _ signature: Signature
  ) throws(TesseraClientError) -> Int? {
    var first: (name: String, rows: Int)?
    for column in signature.columns where column.axis == axis {
      let rows = try given(column, for: user, index: index).rows
      guard let known = first else {
        first = (column.name, rows)
        continue
      }
      guard rows == known.rows else {
        throw TesseraClientError(
          .invalidRequest,
          "user \(index) has \(rows) rows in column '\(column.name)' and \(known.rows) in "
            + "'\(known.name)'; all columns of the \(axis) axis are equally long",
          column: column.name)
      }
    }
    return first?.rows
  }

  private func given(
    _ column: Column, for user: User, index: Int
  ) throws(TesseraClientError) -> ColumnValues {
    if let values = user.columns[column.name] { return values }
    throw TesseraClientError(
      .invalidRequest,
      "user \(index) has no column '\(column.name)' (\(column.axis) axis, \(column.kind)), which the model needs; "
        + "given are \(user.columns.keys.sorted().joined(separator: ", "))",
      column: column.name)
  }

  /// The values of all users, one after another.
  private func values(of column: Column) throws(TesseraClientError) -> ColumnValues {
    var all: ColumnValues?
    for (index, user) in users.enumerated() {
      let values = try given(column, for: user, index: index)
      if column.axis == .user, values.rows != 1 {
        throw TesseraClientError(
          .invalidRequest,
          "user \(index) has \(values.rows) values in column '\(column.name)'; a column of the user axis has one",
          column: column.name)
      }
      guard let before = all else {
        all = values
        continue
      }
      guard let joined = before.joined(with: values) else {
        throw TesseraClientError(
          .invalidRequest,
          "column '\(column.name)' of user \(index) is of another kind than those of the users before",
          column: column.name)
      }
      all = joined
    }
    guard let all else {
      throw TesseraClientError(.invalidRequest, "the request has no user; it needs at least one")
    }
    return all
  }
}

extension ColumnValues {
  /// These rows and then those; nil when they are not of the same kind.
  fileprivate func joined(with other: ColumnValues) -> ColumnValues? {
    switch (self, other) {
    case (.integers(let first), .integers(let second)): .integers(first + second)
    case (.numbers(let first), .numbers(let second)): .numbers(first + second)
    case (.strings(let first), .strings(let second)): .strings(first + second)
    case (.integerBags(let first), .integerBags(let second)): .integerBags(first + second)
    case (.stringBags(let first), .stringBags(let second)): .stringBags(first + second)
    default: nil
    }
  }
}
