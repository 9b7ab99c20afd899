import Metrics
import Synchronization

/// A metrics backend that keeps what counters add up to, over all servers of the process. Made the
/// backend when it is first asked for; servers that began before count elsewhere.
final class CountedMetrics: MetricsFactory, Sendable {
  static let shared: CountedMetrics = {
    let metrics = CountedMetrics()
    MetricsSystem.bootstrap(metrics)
    return metrics
  }()

  private final class Counting: CounterHandler {
    private let total = Atomic<Int64>(0)
    var sum: Int64 { total.load(ordering: .relaxed) }
    func increment(by amount: Int64) { total.add(amount, ordering: .relaxed) }
    func reset() { total.store(0, ordering: .relaxed) }
  }

  private let counters = Mutex<[(label: String, dimensions: [String: String], Counting)]>([])

  /// The sum of every counter of this label whose dimension has this value.
  func sum(_ label: String, _ dimension: String, _ value: String) -> Int64 {
    counters.withLock {
      $0.reduce(0) { sum, counter in
        counter.label == label && counter.dimensions[dimension] == value
          ? sum + counter.2.sum : sum
      }
    }
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    let counter = Counting()
    let named = Dictionary(dimensions) { first, _ in first }
    counters.withLock { $0.append((label, named, counter)) }
    return counter
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler { NOOPMetricsHandler.instance }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    NOOPMetricsHandler.instance
  }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}
