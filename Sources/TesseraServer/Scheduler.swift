import Dispatch
import Serving
import Synchronization
import TesseraWire

/// The one place where event loops, workers and the loader meet: the dispatcher behind a lock, and
/// a bell for each worker.
///
/// The lock is held for tens of nanoseconds (a few microseconds when a full batch is taken), never
/// while anything is computed, allocated, freed or written. Bells ring outside of it.
final class Scheduler: Sendable {
  private struct State {
    var dispatcher: Dispatcher
    /// What each lane computes with; nil where no lane is.
    var versions: [LiveVersion?]
    var isStopped = false
  }

  private let state: Mutex<State>
  /// What the loader published last. A lock of its own, held to copy a few references.
  private let routing = Mutex(RoutingTable())
  private let listed = Mutex<[ListedBody.Entry]>([])
  /// Of lanes that were closed since the last look.
  private let closedOutcomes = Mutex<[VersionOutcomes]>([])
  private let bells: [DispatchSemaphore]

  init(admission: Admission) {
    state = Mutex(
      State(
        dispatcher: Dispatcher(admission: admission),
        versions: Array(repeating: nil, count: ServingLimits.lanesMax)))
    bells = (0..<admission.workers).map { _ in DispatchSemaphore(value: 0) }
  }

  // MARK: Event loops

  /// Queues a frame or refuses it; wakes a worker when one sleeps.
  func submit(
    _ ticket: Ticket, to slot: Int, signatureHash: UInt64, now: Int64,
    user: (Int) -> FrameUser
  ) -> Dispatcher.Submission {
    let submission = state.withLock {
      $0.dispatcher.submit(ticket, to: slot, signatureHash: signatureHash, now: now, user: user)
    }
    switch submission {
    case .accepted(_, let worker):
      if let worker { bells[worker].signal() }
    case .refused: break
    }
    return submission
  }

  /// The version that a bind means now, and how to reach it later. Workers do not wait for it.
  func bind(_ name: BindBody) -> Result<RoutingTable.Binding, Refusal> {
    routing.withLock { $0 }.bind(name)
  }

  // MARK: Workers

  /// Fills `batch` and returns what to compute it with, or nil when nothing waits: then the worker
  /// calls ``sleep(worker:)``.
  func take(worker: Int, now: Int64, into batch: inout Batch) -> LiveVersion? {
    let (wake, version) = state.withLock { state -> (Int?, LiveVersion?) in
      switch state.dispatcher.take(worker: worker, now: now, into: &batch) {
      case .nothing: (nil, nil)
      case .batch(let wake): (wake, state.versions[batch.lane])
      }
    }
    if let wake { bells[wake].signal() }
    return version
  }

  /// Waits until there is work or the end. Returns false at the end.
  func sleep(worker: Int) -> Bool {
    bells[worker].wait()
    return !state.withLock { $0.isStopped }
  }

  /// Notes that a batch was answered.
  func finish(
    _ batch: borrowing Batch, computed: WorkSize, nanoseconds: Int64, outcomes: Outcomes
  ) {
    state.withLock {
      $0.dispatcher.finish(
        batch, computed: computed, nanoseconds: nanoseconds, outcomes: outcomes)
    }
  }

  // MARK: Loader

  /// Opens a lane for a version that is ready to compute; nil when there are too many.
  func open(_ lane: Lane, _ version: LiveVersion) -> Int? {
    let index = state.withLock { state -> Int? in
      guard let index = state.dispatcher.open(lane) else { return nil }
      state.versions[index] = version
      return index
    }
    guard let index else { return nil }
    change {
      $0.open(
        RoutingTable.Version(
          model: version.model, version: version.version, signature: version.signature,
          signatureHash: version.signatureHash),
        lane: index)
    }
    return index
  }

  /// Points an alias to open lanes, or nowhere: the swap. False when there are too many aliases.
  func point(model: String, alias: String, to target: RoutingTable.Target?) -> Bool {
    change { table in
      guard let change = table.point(model: model, alias: alias, to: target) else { return false }
      // Before it is published: a slot that can be bound is known to the dispatcher.
      state.withLock { $0.dispatcher.apply(change) }
      return true
    }
  }

  /// Lets the lanes drain that no alias leads to: of a target with several versions some may have been loaded
  /// before one could not be.
  func retireUnserved() {
    let served = routing.withLock { $0 }.servedLanes
    state.withLock { $0.dispatcher.apply(Routes.Change(servedLanes: served)) }
  }

  /// Closes the lanes that nothing refers to any more. The caller frees what they held.
  func closeDrainedLanes() -> [(lane: Int, queue: Lane?, version: LiveVersion?)] {
    let closed = state.withLock { state in
      state.dispatcher.drainedLanes.map { lane in
        let version = state.versions[lane]
        state.versions[lane] = nil
        return (lane: lane, queue: state.dispatcher.close(lane: lane), version: version)
      }
    }
    guard !closed.isEmpty else { return [] }
    change { table in
      for (lane, _, _) in closed { table.close(lane: lane) }
    }
    closedOutcomes.withLock { counts in
      for (_, queue, _) in closed {
        if var queue { counts.append(queue.collectOutcomes()) }
      }
    }
    return closed
  }

  /// Changes a copy of the routing table and publishes it: event loops look up in the old one
  /// meanwhile. For the loader alone.
  private func change<Result>(_ body: (inout RoutingTable) -> Result) -> Result {
    var table = routing.withLock { $0 }
    defer { routing.withLock { [table] in $0 = table } }
    return body(&table)
  }

  // MARK: Listing

  /// What LIST tells, as the loader published it last.
  func listing() -> [ListedBody.Entry] { listed.withLock { $0 } }

  /// Publishes what LIST tells.
  func publish(_ entries: [ListedBody.Entry]) { listed.withLock { $0 = entries } }

  // MARK: Metrics

  /// What became of requests since the last look: of each version, and of none.
  func collectOutcomes() -> (versions: [VersionOutcomes], unplaced: Outcomes) {
    var versions = closedOutcomes.withLock { counts in
      defer { counts = [] }
      return counts
    }
    // Here and not under the lock that workers need.
    versions.reserveCapacity(versions.count + ServingLimits.lanesMax)
    let unplaced = state.withLock { $0.dispatcher.collectOutcomes(into: &versions) }
    return (versions, unplaced)
  }

  // MARK: The end

  /// Refuses everything new from now on.
  func drain() { state.withLock { $0.dispatcher.drain() } }

  /// Whether nothing is queued and nothing runs.
  var isIdle: Bool { state.withLock { $0.dispatcher.isIdle } }

  /// Lets every worker leave when it next asks for work.
  func stop() {
    state.withLock { $0.isStopped = true }
    for bell in bells { bell.signal() }
  }
}
