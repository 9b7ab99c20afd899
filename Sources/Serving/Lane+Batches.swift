import TesseraWire

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
        batch.expired.append(dequeue())
        continue
      }
      let size = batch.size + next.size
      let cost = batch.cost + next.cost
      if !batch.tickets.isEmpty {
        guard batch.tickets.count < ServingLimits.batchTicketsMax, size.rows.fits(in: batchRowsMax),
          cost <= ServingLimits.batchNanosecondsMax,
          now + cost <= min(tightest, next.deadline)
        else { return }
      }
      batch.tickets.append(dequeue())
      batch.size = size
      batch.cost = cost
      tightest = min(tightest, next.deadline)
    }
  }
}
