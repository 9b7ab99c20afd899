import TesseraWire

/// All that is decided between a decoded frame and a batch in a worker's hands: who is meant
/// (``Routes``), who may wait (``Admission``), what waits (``Lanes``) and who works (``Wakeups``).
///
/// A plain value without clock or lock. The server keeps one behind a mutex; every operation is
/// short (no allocation, at most `batchTicketsMax` steps) except those on lanes and routes, which
/// only the loader uses.
package struct Dispatcher: Sendable {
  /// The answer to a frame.
  package enum Submission: Hashable, Sendable {
    /// It will be in a batch. `wake`: an idle worker that must be woken for it.
    case accepted(wake: Int?)
    /// To be answered now.
    case refused(Refusal)
  }

  /// The answer to a worker that asks for work.
  package enum Taking: Hashable, Sendable {
    /// The batch is filled. `wake`: more is waiting, and this idle worker must be woken for it.
    case batch(wake: Int?)
    /// Nothing waits. The worker now counts as idle and may sleep until it is woken.
    case nothing
  }

  package let admission: Admission
  package private(set) var load = Admission.Load()
  package private(set) var isDraining = false
  private var routes = Routes()
  private var lanes = Lanes()
  private var wakeups = Wakeups()

  package init(admission: Admission) {
    precondition(admission.workers <= ServingLimits.workersMax)
    self.admission = admission
  }

  // MARK: Frames

  /// Admits a frame that was decoded with the signature of this hash, or refuses it.
  package mutating func submit(
    _ ticket: Ticket, to slot: Int, signatureHash: UInt64, now: Int64
  ) -> Submission {
    if isDraining { return .refused(.draining) }
    guard let meant = routes[slot] else { return .refused(.versionGone) }
    guard meant.signatureHash == signatureHash else { return .refused(.rebindRequired) }
    let index = meant.route.shares[0].lane
    guard let cost = lanes[index]?.cost, let queued = lanes[index]?.queue.count,
      let rowsMax = lanes[index]?.batchRowsMax
    else { return .refused(.versionGone) }
    guard ticket.rows.fits(in: rowsMax) else { return .refused(.tooManyRows) }
    var ticket = ticket
    ticket.cost = cost.estimate(rows: ticket.rows.total)
    ticket.workAhead = admission.workAhead(load)
    if let refusal = admission.decide(
      load: load, cost: ticket.cost, deadline: ticket.deadline, now: now)
    {
      return .refused(refusal)
    }
    guard queued < ServingLimits.laneTicketsMax else {
      return .refused(
        .overloaded(retryAfterMicroseconds: admission.retryAfterMicroseconds(load)))
    }
    lanes[index]?.queue.append(ticket)
    load.queuedTickets += 1
    load.queuedNanoseconds += ticket.cost
    return .accepted(wake: wakeups.wakeOne())
  }

  /// Fills `batch` with what waits longest, or notes that `worker` is idle.
  package mutating func take(worker: Int, now: Int64, into batch: inout Batch) -> Taking {
    let next = load.queuedTickets > 0 ? lanes.withOldestHead : nil
    wakeups.asks(worker: worker, isWork: next != nil)
    guard let next else { return .nothing }
    batch.clear(lane: next)
    batch.fullness = admission.fullness(load)
    if let head = lanes[next]?.queue.first {
      load.observe(waited: now - head.arrival, workAhead: head.workAhead)
    }
    lanes.take(next, into: &batch, now: now)
    load.queuedTickets -= batch.tickets.count + batch.expired.count
    load.queuedNanoseconds -= batch.cost
    for ticket in batch.expired { load.queuedNanoseconds -= ticket.cost }
    load.runningNanoseconds += batch.cost
    return .batch(wake: load.queuedTickets > 0 ? wakeups.wakeOne() : nil)
  }

  /// Notes that a batch was answered. `computedRows` of it were computed (those of clients that had
  /// gone were not), in `nanoseconds`.
  package mutating func finish(_ batch: borrowing Batch, computedRows: Int, nanoseconds: Int64) {
    lanes.finish(batch.lane)
    lanes[batch.lane]?.cost.observe(rows: computedRows, nanoseconds: nanoseconds)
    load.runningNanoseconds -= batch.cost
  }

  // MARK: Versions

  /// Opens a lane for a version that is ready to compute; nil when there are too many.
  package mutating func open(_ lane: Lane) -> Int? { lanes.open(lane) }

  /// Follows a promotion: from here on every frame goes the new way, and lanes that nothing is
  /// submitted to any more retire.
  package mutating func apply(_ change: Routes.Change) {
    routes.apply(change)
    lanes.serve(change.servedLanes)
  }

  /// Lanes that nothing refers to any more.
  package var drainedLanes: [Int] { lanes.drained }

  /// Closes a drained lane and hands it out, so that its memory is freed by the caller.
  package mutating func close(lane index: Int) -> Lane? { lanes.close(index) }

  // MARK: Drain

  /// From now on everything new is refused; what was accepted is finished.
  package mutating func drain() { isDraining = true }

  /// Whether nothing is queued and nothing runs.
  package var isIdle: Bool { load.queuedTickets == 0 && lanes.runningBatches == 0 }
}
