package import TesseraWire

/// What a worker took from a lane. Reused by its worker: filling it again allocates nothing.
package struct Batch: Sendable {
  /// Index of the lane.
  package internal(set) var lane = 0
  /// To be computed, oldest first.
  package internal(set) var tickets: [Ticket] = []
  /// Their deadline passed in the queue: to be answered, not computed.
  package internal(set) var expired: [Ticket] = []
  /// Rows of `tickets` together.
  package internal(set) var rows = RowCounts()
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
    rows = RowCounts()
    cost = 0
  }
}

extension Lane {
  /// Moves the tickets of the next batch from the queue into `batch`: what is there, oldest first,
  /// until the next would exceed the rows or the time of a batch, or would make the batch finish
  /// after the tightest deadline in it. Never waits for more. The first live ticket is always taken.
  ///
  /// - Complexity: O(tickets taken), at most `batchTicketsMax` of each kind.
  mutating func fill(_ batch: inout Batch, now: Int64) {
    var tightest = Int64.max
    while let next = queue.first {
      if next.deadline <= now {
        guard batch.expired.count < ServingLimits.batchTicketsMax else { return }
        batch.expired.append(queue.removeFirst())
        continue
      }
      let rows = batch.rows + next.rows
      let cost = batch.cost + next.cost
      if !batch.tickets.isEmpty {
        guard batch.tickets.count < ServingLimits.batchTicketsMax, rows.fits(in: batchRowsMax),
          cost <= ServingLimits.batchNanosecondsMax,
          now + cost <= min(tightest, next.deadline)
        else { return }
      }
      batch.tickets.append(queue.removeFirst())
      batch.rows = rows
      batch.cost = cost
      tightest = min(tightest, next.deadline)
    }
  }
}
