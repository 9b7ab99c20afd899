/// What a worker took from a lane. Reused by its worker: filling it again allocates nothing.
package struct Batch: Sendable {
  /// Index of the lane.
  package internal(set) var lane = 0
  /// To be computed, oldest first.
  package internal(set) var tickets: [Ticket] = []
  /// Their deadline passed in the queue: to be answered, not computed.
  package internal(set) var expired: [Ticket] = []
  /// What `tickets` bring together.
  package internal(set) var size = WorkSize()
  /// Estimated compute of `tickets` in nanoseconds.
  package internal(set) var cost: Int64 = 0
  /// Queue fullness when the batch was taken, for the replies.
  package internal(set) var fullness: UInt8 = 0

  package init() {
    tickets.reserveCapacity(ServingLimits.batchTicketsMax)
    expired.reserveCapacity(ServingLimits.batchTicketsMax)
  }

  mutating func clear(lane: Int) {
    self.lane = lane
    tickets.removeAll(keepingCapacity: true)
    expired.removeAll(keepingCapacity: true)
    size = WorkSize()
    cost = 0
  }
}
