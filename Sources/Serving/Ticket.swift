package import TesseraWire

/// What the decisions need to know of one SCORE frame. The frame itself stays where it was
/// received; `request` finds it again.
///
/// Plain values only: queues of tickets are copied without touching a reference count. All times
/// are nanoseconds of one monotonic clock.
package struct Ticket: Hashable, Sendable {
  /// Where the server keeps the frame. Means nothing here.
  package var request: UInt
  /// When the last byte of the frame was read, in nanoseconds.
  package var arrival: Int64
  /// After this moment nobody waits for the scores, in nanoseconds.
  package var deadline: Int64
  /// Rows it brings.
  package var rows: RowCounts
  /// Estimated compute in nanoseconds; set on admission.
  package var cost: Int64
  /// Estimated compute that was ahead of it, in nanoseconds of a worker; set on admission.
  package internal(set) var workAhead: Int64 = 0

  package init(
    request: UInt, arrival: Int64, deadline: Int64, rows: RowCounts, cost: Int64 = 0
  ) {
    self.request = request
    self.arrival = arrival
    self.deadline = deadline
    self.rows = rows
    self.cost = cost
  }
}
