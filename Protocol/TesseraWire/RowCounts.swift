/// Rows on each axis, and values of bags: what a frame brings, a batch holds, or memory is sized for.
@frozen
public struct RowCounts: Hashable, Sendable {
  /// Rows of each axis.
  public var rows: PerAxis<Int>
  /// Members of all the bags of the widest bag column.
  public var bagValues: Int

  /// Counts by axis.
  @inlinable
  public init(rows: PerAxis<Int>, bagValues: Int) {
    self.rows = rows
    self.bagValues = bagValues
  }

  /// Counts by name, 0 unless given.
  @inlinable
  public init(users: Int = 0, events: Int = 0, coupons: Int = 0, bagValues: Int = 0) {
    rows = PerAxis(repeating: 0)
    self.bagValues = bagValues
    rows[.user] = users
    rows[.event] = events
    rows[.coupon] = coupons
  }

  /// Rows of an axis. Cost: O(1).
  @inlinable
  public subscript(axis: Axis) -> Int {
    get { rows[axis] }
    set { rows[axis] = newValue }
  }

  /// Rows of all axes together.
  @inlinable
  public var total: Int { Axis.allCases.reduce(0) { $0 + rows[$1] } }

  /// Whether every count is within `limits`.
  @inlinable
  public func fits(in limits: RowCounts) -> Bool {
    for axis in Axis.allCases where rows[axis] > limits.rows[axis] { return false }
    return bagValues <= limits.bagValues
  }

  /// Both together.
  @inlinable
  public static func + (left: RowCounts, right: RowCounts) -> RowCounts {
    RowCounts(
      rows: PerAxis { left.rows[$0] + right.rows[$0] }, bagValues: left.bagValues + right.bagValues)
  }
}
