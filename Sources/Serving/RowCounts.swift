/// How many rows a frame brings to a batch, or a batch may hold, on each axis.
package struct RowCounts: Hashable, Sendable {
  /// Users.
  package var users: Int
  /// Events of all users together.
  package var events: Int
  /// Coupons of all users together.
  package var coupons: Int
  /// Values in the widest bag column.
  package var bagValues: Int

  package init(users: Int = 0, events: Int = 0, coupons: Int = 0, bagValues: Int = 0) {
    self.users = users
    self.events = events
    self.coupons = coupons
    self.bagValues = bagValues
  }

  /// Rows that cost time, on every axis alike. Bag values are left out: a gather is cheap.
  package var total: Int { users + events + coupons }

  /// Whether every count is within `limits`.
  package func fits(in limits: RowCounts) -> Bool {
    users <= limits.users && events <= limits.events && coupons <= limits.coupons
      && bagValues <= limits.bagValues
  }

  package static func + (left: RowCounts, right: RowCounts) -> RowCounts {
    RowCounts(
      users: left.users + right.users, events: left.events + right.events,
      coupons: left.coupons + right.coupons, bagValues: left.bagValues + right.bagValues)
  }
}
