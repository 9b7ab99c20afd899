/// Whether a frame may enter the queue, decided when it arrives: better refused at once, with a
/// time to come back, than accepted and answered too late.
package struct Admission: Hashable, Sendable {
  /// The bound of the queue: estimated compute waiting per worker, in nanoseconds. It is the
  /// longest that an accepted frame should wait.
  package var queueNanosecondsMax: Int64
  /// Worker threads that share the queue.
  package var workers: Int

  package init(queueNanosecondsMax: Int64, workers: Int) {
    precondition(queueNanosecondsMax > 0 && workers > 0)
    self.queueNanosecondsMax = queueNanosecondsMax
    self.workers = workers
  }

  /// The work ahead of a new frame.
  package struct Load: Hashable, Sendable {
    /// Estimated compute of the queued tickets, in nanoseconds.
    package var queuedNanoseconds: Int64 = 0
    /// Estimated compute of the batches that run now, in nanoseconds.
    package var runningNanoseconds: Int64 = 0
    /// Queued tickets.
    package var queuedTickets = 0

    package init() {}
  }

  /// Decides on a frame with this estimated cost (ns) and deadline (ns, absolute).
  ///
  /// An empty queue admits any frame whose deadline has not passed: however wrong the estimate, the
  /// next batch is this frame.
  package func decide(
    load: Load, cost: Int64, deadline: Int64, now: Int64
  ) -> Refusal? {
    if deadline <= now { return .deadlineExceeded }
    if load.queuedTickets == 0 { return nil }
    if load.queuedNanoseconds + cost > queueNanosecondsMax * Int64(workers) {
      return .overloaded(retryAfterMicroseconds: retryAfterMicroseconds(load))
    }
    let wait = (load.queuedNanoseconds + load.runningNanoseconds) / Int64(workers)
    if now + wait + cost > deadline {
      return .tooLate(retryAfterMicroseconds: retryAfterMicroseconds(load))
    }
    return nil
  }

  /// The time until half of the queue's bound is free again, in microseconds.
  package func retryAfterMicroseconds(_ load: Load) -> UInt32 {
    let excess = load.queuedNanoseconds - queueNanosecondsMax * Int64(workers) / 2
    let wait = (max(0, excess) + load.runningNanoseconds) / Int64(workers) / 1_000
    return UInt32(
      min(
        max(wait, ServingLimits.retryAfterMicrosecondsMin), ServingLimits.retryAfterMicrosecondsMax)
    )
  }

  /// How full the queue is, 0…255; clients with a choice of servers send to the lower.
  package func fullness(_ load: Load) -> UInt8 {
    let bound = queueNanosecondsMax * Int64(workers)
    return UInt8(min(255, load.queuedNanoseconds * 255 / bound))
  }
}
