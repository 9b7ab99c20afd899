/// Whether a frame may enter the queue, decided when it arrives: better refused at once, with a
/// time to come back, than accepted and answered too late.
package struct Admission: Hashable, Sendable {
  /// The bound of the queue: the longest that an accepted frame should wait, in nanoseconds.
  package var queueNanosecondsMax: Int64
  /// Worker threads that share the queue.
  package var workers: Int

  package init(queueNanosecondsMax: Int64, workers: Int) {
    precondition(queueNanosecondsMax > 0 && workers > 0)
    self.queueNanosecondsMax = queueNanosecondsMax
    self.workers = workers
  }

  /// The work ahead of a new frame.
  package struct Backlog: Hashable, Sendable {
    /// Estimated compute of the queued tickets, in nanoseconds.
    package var queuedNanoseconds: Int64 = 0
    /// Estimated compute of parts of long frames that wait behind the queue, in nanoseconds.
    package var restNanoseconds: Int64 = 0
    /// Estimated compute of the batches that run now, in nanoseconds.
    package var runningNanoseconds: Int64 = 0
    /// Queued tickets.
    package var queuedTickets = 0
    /// How much longer than their estimated compute tickets really wait. Above 1 where workers share
    /// their cores with event loops and other programs; learned from every batch.
    package var slowness = 1.0

    package init() {}

    /// Learns from a ticket that waited `waited` nanoseconds behind `workAhead` nanoseconds of work.
    package mutating func observe(waited: Int64, workAhead: Int64) {
      guard workAhead >= ServingLimits.workAheadNanosecondsMin else { return }
      let range = ServingLimits.slownessRange
      let seen = min(max(Double(waited) / Double(workAhead), range.lowerBound), range.upperBound)
      slowness += (seen - slowness) * ServingLimits.costWeight
    }
  }

  /// Estimated compute ahead of a new ticket, in nanoseconds of one worker.
  package func workAhead(_ backlog: Backlog) -> Int64 {
    (backlog.queuedNanoseconds + backlog.runningNanoseconds) / Int64(workers)
  }

  /// The time that this much queued compute takes to go away, in nanoseconds.
  private func time(_ nanoseconds: Int64, _ backlog: Backlog) -> Int64 {
    Int64(Double(nanoseconds) / Double(workers) * backlog.slowness)
  }

  /// Decides on a frame with this estimated cost (ns) and deadline (ns, absolute).
  ///
  /// What a long frame leaves to wait behind the queue, its `restCost`, has a bound of its own, as large as the
  /// queue's: short frames do not wait for it, so they are not refused because of it.
  ///
  /// An empty queue admits any frame whose deadline has not passed: however wrong the estimate, the
  /// next batch is this frame.
  package func decide(
    backlog: Backlog, cost: Int64, restCost: Int64 = 0, deadline: Int64, now: Int64
  ) -> Refusal? {
    if deadline <= now { return .deadlineExceeded }
    if backlog.queuedTickets == 0 { return nil }
    if time(backlog.queuedNanoseconds + cost, backlog) > queueNanosecondsMax {
      return .overloaded(retryAfterMicroseconds: retryAfterMicroseconds(backlog))
    }
    var ahead = backlog.queuedNanoseconds + backlog.runningNanoseconds
    if restCost > 0, backlog.restNanoseconds > 0 {
      if time(backlog.restNanoseconds + restCost, backlog) > queueNanosecondsMax {
        return .overloaded(retryAfterMicroseconds: retryAfterMicroseconds(backlog))
      }
      ahead += backlog.restNanoseconds
    }
    let wait = Double(time(ahead, backlog))
    if now + Int64(wait * ServingLimits.waitMargin) + cost + restCost > deadline {
      return .tooLate(retryAfterMicroseconds: retryAfterMicroseconds(backlog))
    }
    return nil
  }

  /// The time until half of the queue's bound is free again, in microseconds.
  package func retryAfterMicroseconds(_ backlog: Backlog) -> UInt32 {
    let excess = max(0, time(backlog.queuedNanoseconds, backlog) - queueNanosecondsMax / 2)
    let wait = (excess + time(backlog.runningNanoseconds, backlog)) / 1_000
    return UInt32(
      min(
        max(wait, ServingLimits.retryAfterMicrosecondsMin), ServingLimits.retryAfterMicrosecondsMax)
    )
  }

  /// How full the queue is, 0…255; clients with a choice of servers send to the lower.
  package func fullness(_ backlog: Backlog) -> UInt8 {
    UInt8(min(255, time(backlog.queuedNanoseconds, backlog) * 255 / queueNanosecondsMax))
  }
}
