import Serving
import Synchronization
import TesseraWire

/// What one worker did since the last look. The lock is taken once a batch by its worker and once a
/// second by the metrics, so it is practically never contended.
final class WorkerTally: Sendable {
  struct Counts {
    var batches = 0
    var requests = 0
    /// Those and what was not computed, because the client had gone.
    var tickets = 0
    var rows = 0
    var queueNanoseconds: Int64 = 0
    var queueNanosecondsMax: Int64 = 0
    var computeNanoseconds: Int64 = 0
    var computeNanosecondsMax: Int64 = 0
  }

  private let counts = Mutex(Counts())

  func add(_ batch: borrowing Batch, computed: Int, began: Int64, nanoseconds: Int64) {
    counts.withLock { counts in
      counts.batches += 1
      counts.requests += computed
      counts.tickets += batch.tickets.count
      counts.rows += batch.size.rows.total
      for ticket in batch.tickets {
        counts.queueNanoseconds += began - ticket.arrival
        counts.queueNanosecondsMax = max(counts.queueNanosecondsMax, began - ticket.arrival)
      }
      counts.computeNanoseconds += nanoseconds
      counts.computeNanosecondsMax = max(counts.computeNanosecondsMax, nanoseconds)
    }
  }

  /// The counts since the last call.
  func collect() -> Counts {
    counts.withLock { counts in
      defer { counts = Counts() }
      return counts
    }
  }
}

/// What the connections of one event loop refused by themselves since the last look, before any version was
/// asked. Confined to the loop.
final class LoopTally {
  private var outcomes = Outcomes()

  func refuse(_ code: ErrorCode) { outcomes.refuse(code) }

  /// The counts since the last call.
  func collect() -> Outcomes {
    defer { outcomes = Outcomes() }
    return outcomes
  }
}
