import Logging
import Metrics
import NIOCore
import Serving
import TesseraWire

/// Takes what workers and event loops have counted and tells it to the metrics backend, once a
/// second and off the hot path. At level debug it also writes one line to the log.
final class ServerMetrics {
  private let workers: [WorkerTally]
  private let loops: [LoopContext]
  private let logger: Logger
  private let scheduler: Scheduler
  /// Counters of `tessera_requests`, made when first needed.
  private var requests: [Requests: Counter] = [:]
  private let batches = Counter(label: "tessera_batches")
  private let rows = Counter(label: "tessera_rows")
  private let queued = Counter(label: "tessera_queue_microseconds")
  private let computed = Counter(label: "tessera_compute_microseconds")
  private let queueMax = Gauge(label: "tessera_queue_microseconds_max")
  private let computeMax = Gauge(label: "tessera_batch_compute_microseconds_max")
  private let requestsInBatch = Gauge(label: "tessera_batch_requests_mean")

  /// The dimensions of `tessera_requests`. Model and version are empty where none was asked.
  private struct Requests: Hashable {
    let model: String
    let version: String
    let outcome: String
  }

  init(workers: [WorkerTally], loops: [LoopContext], scheduler: Scheduler, logger: Logger) {
    self.workers = workers
    self.loops = loops
    self.scheduler = scheduler
    self.logger = logger
  }

  /// To be called about once a second, from a thread that may wait for the event loops.
  func flush() {
    var work = WorkerTally.Counts()
    for tally in workers { work.add(tally.collect()) }
    let (versions, unplaced) = scheduler.collectOutcomes()
    var others = unplaced
    for loop in loops {
      // Fails only when the loop has shut down, and then there is nothing to count.
      guard let counts = try? loop.eventLoop.submit({ loop.tally.collect() }).wait() else {
        continue
      }
      others += counts
    }
    count(others, model: "", version: "")
    var all = others
    for counts in versions {
      count(counts.outcomes, model: counts.model, version: String(counts.version))
      all += counts.outcomes
    }
    batches.increment(by: work.batches)
    rows.increment(by: work.rows)
    queued.increment(by: work.queueNanoseconds / 1_000)
    computed.increment(by: work.computeNanoseconds / 1_000)
    queueMax.record(work.queueNanosecondsMax / 1_000)
    computeMax.record(work.computeNanosecondsMax / 1_000)
    requestsInBatch.record(Double(work.requests) / Double(max(1, work.batches)))
    guard all.scored + all.refusedInAll > 0 else { return }
    let requests = Int64(max(1, work.requests))
    logger.debug(
      """
      \(all.scored) scored, \(all.refusedInAll) refused, \(work.batches) batches; queue mean \
      \(work.queueNanoseconds / Int64(max(1, work.tickets)) / 1_000) max \(work.queueNanosecondsMax / 1_000) µs; \
      compute per request \(work.computeNanoseconds / requests / 1_000) µs, longest batch \
      \(work.computeNanosecondsMax / 1_000) µs
      """)
  }

  private func count(_ outcomes: Outcomes, model: String, version: String) {
    count(outcomes.scored, Requests(model: model, version: version, outcome: "SCORES"))
    count(outcomes.dropped, Requests(model: model, version: version, outcome: "DROPPED"))
    for code in [ErrorCode(rawValue: 0)] + ErrorCode.all {
      count(
        outcomes.refused(code), Requests(model: model, version: version, outcome: code.name))
    }
  }

  private func count(_ requests: Int, _ dimensions: Requests) {
    guard requests > 0 else { return }
    let counter =
      self.requests[dimensions]
      ?? Counter(
        label: "tessera_requests",
        dimensions: [
          ("outcome", dimensions.outcome), ("model", dimensions.model),
          ("version", dimensions.version),
        ])
    self.requests[dimensions] = counter
    counter.increment(by: requests)
  }
}

extension WorkerTally.Counts {
  /// Adds what another worker did.
  fileprivate mutating func add(_ other: WorkerTally.Counts) {
    batches += other.batches
    requests += other.requests
    tickets += other.tickets
    rows += other.rows
    queueNanoseconds += other.queueNanoseconds
    queueNanosecondsMax = max(queueNanosecondsMax, other.queueNanosecondsMax)
    computeNanoseconds += other.computeNanoseconds
    computeNanosecondsMax = max(computeNanosecondsMax, other.computeNanosecondsMax)
  }
}
