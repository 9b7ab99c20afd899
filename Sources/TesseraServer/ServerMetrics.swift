import Logging
import Metrics
import NIOCore
import TesseraWire

/// Takes what workers and event loops have counted and tells it to the metrics backend, once a
/// second and off the hot path. At level debug it also writes one line to the log.
final class ServerMetrics {
  private let workers: [WorkerTally]
  private let loops: [LoopContext]
  private let logger: Logger
  private let scored = Counter(label: "tessera_requests", dimensions: [("outcome", "SCORES")])
  private let refused: [Counter]
  private let batches = Counter(label: "tessera_batches")
  private let rows = Counter(label: "tessera_rows")
  private let queued = Counter(label: "tessera_queue_microseconds")
  private let computed = Counter(label: "tessera_compute_microseconds")
  private let queueMax = Gauge(label: "tessera_queue_microseconds_max")
  private let computeMax = Gauge(label: "tessera_batch_compute_microseconds_max")
  private let requestsInBatch = Gauge(label: "tessera_batch_requests_mean")

  init(workers: [WorkerTally], loops: [LoopContext], logger: Logger) {
    self.workers = workers
    self.loops = loops
    self.logger = logger
    refused = ([ErrorCode(rawValue: 0)] + ErrorCode.all).map {
      Counter(label: "tessera_requests", dimensions: [("outcome", $0.name)])
    }
  }

  /// To be called about once a second, from a thread that may wait for the event loops.
  func flush() {
    var work = WorkerTally.Counts()
    for tally in workers { work.add(tally.collect()) }
    var scoredCount = 0
    var refusedCount = 0
    for loop in loops {
      // Fails only when the loop has shut down, and then there is nothing to count.
      guard let counts = try? loop.eventLoop.submit({ loop.tally.collect() }).wait() else {
        continue
      }
      scoredCount += counts.scored
      for (index, count) in counts.refused.enumerated() where count > 0 {
        refused[index].increment(by: count)
        refusedCount += count
      }
    }
    scored.increment(by: scoredCount)
    batches.increment(by: work.batches)
    rows.increment(by: work.rows)
    queued.increment(by: work.queueNanoseconds / 1_000)
    computed.increment(by: work.computeNanoseconds / 1_000)
    queueMax.record(work.queueNanosecondsMax / 1_000)
    computeMax.record(work.computeNanosecondsMax / 1_000)
    requestsInBatch.record(Double(work.requests) / Double(max(1, work.batches)))
    guard scoredCount + refusedCount > 0 else { return }
    let requests = Int64(max(1, work.requests))
    logger.debug(
      """
      \(scoredCount) scored, \(refusedCount) refused, \(work.batches) batches; queue mean \
      \(work.queueNanoseconds / requests / 1_000) max \(work.queueNanosecondsMax / 1_000) µs; \
      compute per request \(work.computeNanoseconds / requests / 1_000) µs, longest batch \
      \(work.computeNanosecondsMax / 1_000) µs
      """)
  }
}

extension WorkerTally.Counts {
  /// Adds what another worker did.
  fileprivate mutating func add(_ other: WorkerTally.Counts) {
    batches += other.batches
    requests += other.requests
    rows += other.rows
    queueNanoseconds += other.queueNanoseconds
    queueNanosecondsMax = max(queueNanosecondsMax, other.queueNanosecondsMax)
    computeNanoseconds += other.computeNanoseconds
    computeNanosecondsMax = max(computeNanosecondsMax, other.computeNanosecondsMax)
  }
}
