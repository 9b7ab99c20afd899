import DequeModule
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
    /// It will be in so many batches. `wake`: an idle worker that must be woken for it.
    case accepted(parts: Int, wake: Int?)
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
  package private(set) var backlog = Admission.Backlog()
  package private(set) var isDraining = false
  private var routes = Routes()
  private var lanes = Lanes()
  private var wakeups = Wakeups()
  /// Of frames that no version is to blame for.
  private var unplaced = Outcomes()

  package init(admission: Admission) {
    precondition(admission.workers <= ServingLimits.workersMax)
    self.admission = admission
  }

  // MARK: Frames

  /// Admits a frame that was decoded with the signature of this hash, or refuses it; all of it, also
  /// when its users go to several versions, or take so long that others have their turn between them.
  ///
  /// - Parameters:
  ///   - ticket: of the whole frame.
  ///   - user: one of its users; asked only where the route splits, or the frame is long.
  package mutating func submit(
    _ ticket: Ticket, to slot: Int, signatureHash: UInt64, now: Int64,
    user: (Int) -> FrameUser
  ) -> Submission {
    guard !isDraining else { return refuse(.draining) }
    guard let meant = routes[slot] else { return refuse(.versionGone) }
    guard meant.signatureHash == signatureHash else { return refuse(.rebindRequired) }
    return admit(ticket, to: meant.route, now: now, user: user)
  }

  private mutating func admit(
    _ ticket: Ticket, to route: Route, now: Int64, user: (Int) -> FrameUser
  ) -> Submission {
    if route.shares.count == 1 {
      let lane = route.shares[0].lane
      let cost = lanes.places[lane]?.cost.estimate(ticket.size) ?? 0
      if ticket.users.count == 1 || cost <= ServingLimits.batchNanosecondsMax {
        return admit((lane, ticket), others: [], rest: [], now: now)
      }
    }
    var (heads, rest): ([Part], [Part]) = ([], [])
    for part in ticket.split(over: route, user: user) {
      guard let lane = lanes.places[part.lane] else { preconditionFailure("a closed lane") }
      guard part.ticket.size.rows.fits(in: lane.batchRowsMax) else {
        return refuse(.tooManyRows, in: part.lane)
      }
      let slices = part.ticket.sliced(user: user) {
        lane.cost.estimate($0) <= ServingLimits.batchNanosecondsMax
      }
      heads.append((part.lane, slices[0]))
      rest += slices.dropFirst().map { (part.lane, $0) }
    }
    return admit(heads[0], others: Array(heads.dropFirst()), rest: rest, now: now)
  }

  /// Users of one frame, and the lane that they go to.
  private typealias Part = (lane: Int, ticket: Ticket)

  /// Queues the first parts of a frame for each lane, all or none. Most frames have one: nothing is allocated.
  ///
  /// - Parameter rest: further parts for the same lanes: they wait behind what is queued when their turn comes, so
  ///   that a long frame does not hold up short ones. Where a slice of a long frame is queued, the whole next one
  ///   waits: short frames are held up by one slice, however many long ones there are.
  private mutating func admit(
    _ head: Part, others: [Part], rest: [Part], now: Int64
  ) -> Submission {
    var cost: Int64 = 0
    var restCost: Int64 = 0
    var deadline = Int64.max
    var isRoom = true
    for index in 0...others.count {
      let (lane, ticket) = index == 0 ? head : others[index - 1]
      guard let rowsMax = lanes.places[lane]?.batchRowsMax else {
        preconditionFailure("a closed lane")
      }
      guard ticket.size.rows.fits(in: rowsMax) else { return refuse(.tooManyRows, in: lane) }
      let headCost = lanes.places[lane]?.cost.estimate(ticket.size) ?? 0
      if lanes.places[lane]?.waits(ticket) == true {
        restCost += headCost
      } else {
        cost += headCost
      }
      deadline = min(deadline, ticket.deadline)
      isRoom = isRoom && lanes.places[lane]?.isFull == false
    }
    for (lane, ticket) in rest { restCost += lanes.places[lane]?.cost.estimate(ticket.size) ?? 0 }
    if let refusal = admission.decide(
      backlog: backlog, cost: cost, restCost: restCost, deadline: deadline, now: now)
    {
      return refuse(refusal, in: head.lane)
    }
    guard isRoom else {
      let wait = admission.retryAfterMicroseconds(backlog)
      return refuse(.overloaded(retryAfterMicroseconds: wait), in: head.lane)
    }
    let workAhead = admission.workAhead(backlog)
    for index in 0...others.count {
      let lane = index == 0 ? head.lane : others[index - 1].lane
      var ticket = index == 0 ? head.ticket : others[index - 1].ticket
      ticket.cost = lanes.places[lane]?.cost.estimate(ticket.size) ?? 0
      if lanes.places[lane]?.waits(ticket) == true {
        postpone(ticket, in: lane)
        continue
      }
      ticket.workAhead = workAhead
      lanes.places[lane]?.enqueue(ticket)
      backlog.queuedTickets += 1
      backlog.queuedNanoseconds += ticket.cost
    }
    for (lane, ticket) in rest {
      var ticket = ticket
      ticket.cost = lanes.places[lane]?.cost.estimate(ticket.size) ?? 0
      postpone(ticket, in: lane)
    }
    return .accepted(parts: 1 + others.count + rest.count, wake: wakeups.wakeOne())
  }

  private mutating func postpone(_ slice: Ticket, in lane: Int) {
    lanes.places[lane]?.postpone(slice)
    backlog.restNanoseconds += slice.cost
  }

  /// What no version is to blame for.
  private mutating func refuse(_ refusal: Refusal) -> Submission {
    unplaced.refuse(refusal.code)
    return .refused(refusal)
  }

  private mutating func refuse(_ refusal: Refusal, in lane: Int) -> Submission {
    lanes.places[lane]?.outcomes.refuse(refusal.code)
    return .refused(refusal)
  }

  /// Fills `batch` with what waits longest, or notes that `worker` is idle.
  package mutating func take(worker: Int, now: Int64, into batch: inout Batch) -> Taking {
    let next = backlog.queuedTickets > 0 ? lanes.withOldestHead : nil
    wakeups.asks(worker: worker, isWork: next != nil)
    guard let next else { return .nothing }
    batch.clear(lane: next)
    batch.fullness = admission.fullness(backlog)
    if let head = lanes.places[next]?.queue.first {
      backlog.observe(waited: now - head.arrival, workAhead: head.workAhead)
    }
    lanes.take(next, into: &batch, now: now)
    backlog.queuedTickets -= batch.tickets.count + batch.expired.count
    backlog.queuedNanoseconds -= batch.cost
    for ticket in batch.expired { backlog.queuedNanoseconds -= ticket.cost }
    backlog.runningNanoseconds += batch.cost
    if var ticket = lanes.places[next]?.nextSlice() {
      ticket.arrival = now
      ticket.workAhead = admission.workAhead(backlog)
      lanes.places[next]?.enqueue(ticket)
      backlog.restNanoseconds -= ticket.cost
      backlog.queuedTickets += 1
      backlog.queuedNanoseconds += ticket.cost
    }
    return .batch(wake: backlog.queuedTickets > 0 ? wakeups.wakeOne() : nil)
  }

  /// Notes that a batch was answered. `computed` of it was computed (not what clients that had gone
  /// sent), in `nanoseconds`.
  package mutating func finish(
    _ batch: borrowing Batch, computed: WorkSize, nanoseconds: Int64, outcomes: Outcomes
  ) {
    lanes.finish(batch.lane)
    lanes.places[batch.lane]?.cost.observe(computed, nanoseconds: nanoseconds)
    lanes.places[batch.lane]?.outcomes += outcomes
    backlog.runningNanoseconds -= batch.cost
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

  // MARK: Counts

  /// Appends what became of the requests of each version since the last look; returns those of none.
  package mutating func collectOutcomes(into versions: inout [VersionOutcomes]) -> Outcomes {
    for index in lanes.places.indices {
      if let counts = lanes.places[index]?.collectOutcomes() { versions.append(counts) }
    }
    defer { unplaced = Outcomes() }
    return unplaced
  }

  // MARK: Drain

  /// From now on everything new is refused; what was accepted is finished.
  package mutating func drain() { isDraining = true }

  /// Whether nothing is queued and nothing runs.
  package var isIdle: Bool { backlog.queuedTickets == 0 && lanes.runningBatches == 0 }
}
