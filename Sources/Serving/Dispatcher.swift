package import TesseraWire

/// All that is decided between a decoded frame and a batch in a worker's hands: which lane, whether
/// admitted, which worker wakes, what is computed together and when an old version is done.
///
/// A plain value without clock or lock. The server keeps one behind a mutex; every operation is
/// short (no allocation, at most `batchTicketsMax` steps) except those on lanes and slots, which
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
  package private(set) var slots = ModelSlots()
  private var lanes: [Lane?] = []
  /// Bit w: worker w sleeps, or is about to.
  private var idle: UInt64 = 0
  /// Bit w: worker w was woken and has not asked for work yet. While one is on its way no other is
  /// woken; it wakes the next when it leaves work behind.
  private var waking: UInt64 = 0
  private var runningBatches = 0

  package init(admission: Admission) {
    precondition(admission.workers <= ServingLimits.workersMax)
    self.admission = admission
    lanes.reserveCapacity(ServingLimits.lanesMax)
  }

  // MARK: Frames

  /// Finds the lane of a bind: an alias is followed from now on, a version is not left.
  package func bind(_ body: BindBody) -> Result<BoundTarget, Refusal> {
    if isDraining { return .failure(.draining) }
    switch body.target {
    case .alias(let alias):
      guard let slot = slots.index(model: body.model, alias: alias),
        let lane = slots.slots[slot].lane
      else { return .failure(.unknownAlias) }
      return .success(BoundTarget(target: .alias(slot: slot), lane: lane))
    case .version(let version):
      for (index, lane) in lanes.enumerated() {
        guard let lane, lane.state == .live, lane.version == version, lane.model == body.model
        else { continue }
        return .success(
          BoundTarget(target: .exact(lane: index, serial: lane.serial), lane: index))
      }
      return .failure(.unknownVersion)
    }
  }

  /// Admits a frame that was decoded with the signature of this hash, or refuses it.
  package mutating func submit(
    _ ticket: Ticket, to target: Target, signatureHash: UInt64, now: Int64
  ) -> Submission {
    if isDraining { return .refused(.draining) }
    guard let index = lane(of: target), let cost = lanes[index]?.cost,
      let queued = lanes[index]?.queue.count, let rowsMax = lanes[index]?.batchRowsMax
    else { return .refused(.versionGone) }
    guard lanes[index]?.signatureHash == signatureHash else { return .refused(.rebindRequired) }
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
    return .accepted(wake: wakeOne())
  }

  /// Fills `batch` with what waits longest, or notes that `worker` is idle.
  package mutating func take(worker: Int, now: Int64, into batch: inout Batch) -> Taking {
    waking &= ~(1 << UInt64(worker))
    guard let index = laneWithOldestHead() else {
      idle |= 1 << UInt64(worker)
      return .nothing
    }
    idle &= ~(1 << UInt64(worker))
    batch.clear(lane: index)
    batch.fullness = admission.fullness(load)
    if let head = lanes[index]?.queue.first {
      load.observe(waited: now - head.arrival, workAhead: head.workAhead)
    }
    lanes[index]?.fill(&batch, now: now)
    lanes[index]?.runningBatches += 1
    runningBatches += 1
    load.queuedTickets -= batch.tickets.count + batch.expired.count
    load.queuedNanoseconds -= batch.cost
    for ticket in batch.expired { load.queuedNanoseconds -= ticket.cost }
    load.runningNanoseconds += batch.cost
    return .batch(wake: load.queuedTickets > 0 ? wakeOne() : nil)
  }

  /// Notes that a batch was answered. `computedRows` of it were computed (those of clients that had
  /// gone were not), in `nanoseconds`.
  package mutating func finish(_ batch: borrowing Batch, computedRows: Int, nanoseconds: Int64) {
    lanes[batch.lane]?.runningBatches -= 1
    lanes[batch.lane]?.cost.observe(rows: computedRows, nanoseconds: nanoseconds)
    runningBatches -= 1
    load.runningNanoseconds -= batch.cost
  }

  // MARK: Versions

  /// Opens a lane; nil when there are too many live versions already.
  package mutating func open(_ lane: Lane) -> Int? {
    if let free = lanes.firstIndex(where: { $0 == nil }) {
      lanes[free] = lane
      return free
    }
    guard lanes.count < ServingLimits.lanesMax else { return nil }
    lanes.append(lane)
    return lanes.count - 1
  }

  /// Points an alias to a lane, or nowhere, and retires the lanes that no alias points to any
  /// more. From here on every frame of the alias goes to the new lane. Returns false when there is
  /// no room for another alias.
  package mutating func point(model: String, alias: String, to lane: Int?) -> Bool {
    let hasRoom = slots.point(model: model, alias: alias, to: lane)
    for index in lanes.indices where lanes[index] != nil {
      lanes[index]?.state = slots.refers(to: index) ? .live : .retiring
    }
    return hasRoom
  }

  /// Lanes that nothing refers to any more.
  package var drainedLanes: [Int] {
    lanes.indices.filter { lanes[$0]?.isDrained == true }
  }

  /// Closes a drained lane and hands it out, so that its memory is freed by the caller.
  package mutating func close(lane index: Int) -> Lane? {
    precondition(lanes[index]?.isDrained == true, "a lane in use was closed")
    defer { lanes[index] = nil }
    return lanes[index]
  }

  // MARK: Drain

  /// From now on everything new is refused; what was accepted is finished.
  package mutating func drain() { isDraining = true }

  /// Whether nothing is queued and nothing runs.
  package var isIdle: Bool { load.queuedTickets == 0 && runningBatches == 0 }

  // MARK: Parts

  private func lane(of target: Target) -> Int? {
    switch target {
    case .alias(let slot):
      return slots.slots[slot].lane
    case .exact(let lane, let serial):
      guard lanes[lane]?.serial == serial, lanes[lane]?.state == .live else { return nil }
      return lane
    }
  }

  private func laneWithOldestHead() -> Int? {
    guard load.queuedTickets > 0 else { return nil }
    var best: Int?
    var oldest = Int64.max
    for index in lanes.indices {
      guard let head = lanes[index]?.queue.first, head.arrival < oldest else { continue }
      oldest = head.arrival
      best = index
    }
    return best
  }

  private mutating func wakeOne() -> Int? {
    guard idle != 0, waking == 0 else { return nil }
    let worker = idle.trailingZeroBitCount
    idle &= ~(1 << UInt64(worker))
    waking |= 1 << UInt64(worker)
    return worker
  }
}
