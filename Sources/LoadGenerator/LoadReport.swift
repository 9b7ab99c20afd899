import Histogram

/// The result of a run: what `--json` writes, with its names in snake case.
package struct LoadReport: Hashable, Sendable, Codable {
  /// Of requests that got scores, in microseconds.
  package struct Latency: Hashable, Sendable, Codable {
    package var mean: Double
    package var p50: Double
    package var p99: Double
    package var p999: Double
    package var max: Double

    enum CodingKeys: String, CodingKey {
      case mean, p50, p99, max
      case p999 = "p99.9"
    }
  }

  /// What the server tells in its answers, in microseconds.
  package struct ServerShare: Hashable, Sendable, Codable {
    package var median: UInt64
    package var p99: UInt64
  }

  package var server: String
  package var model: String
  /// "closed" or "open".
  package var loop: String
  package var concurrency: Int?
  /// Asked for.
  package var ratePerSecond: Double?
  package var connections: Int
  package var threads: Int
  package var warmupSeconds: Double
  /// Measured: less than was asked for when the run was stopped.
  package var seconds: Double
  /// Requests that were sent, or due, in the measured time.
  package var requests: UInt64
  /// Requests scored in the measured time, a second.
  package var throughputPerSecond: Double
  /// Coupons scored, a second.
  package var couponsPerSecond: Double
  package var latencyMicroseconds: Latency
  package var queueMicroseconds: ServerShare
  package var computeMicroseconds: ServerShare
  /// 99th percentile of how late requests were written; large = this program could not keep up.
  package var sendLatenessMicrosecondsP99: Double
  /// Of one core, 0…100 per thread: what this program itself took.
  package var generatorCpuPercent: Double
  /// By name: SCORES, or why not.
  package var outcomes: [String: UInt64]
  /// How many requests each version scored.
  package var versions: [String: UInt64]
  /// Times that the live version's signature had changed and a connection bound the model again.
  package var rebinds: UInt64
  /// Requests refused because the server had too much to do.
  package var refused: UInt64
  /// Requests that failed in any other way, the warm-up's among them.
  package var failed: UInt64
  /// Those of the warm-up alone.
  package var failedInWarmup: UInt64
  /// The first that went wrong, as the server or the system put it.
  package var firstFault: String?

  /// - Parameter measured: the sum of all threads, as is `warmup`.
  /// - Parameter seconds: that were measured.
  /// - Parameter cpuShare: cores that this program used, warm-up and all.
  package init(
    plan: LoadPlan, measured: Tally, warmup: Tally, seconds: Double, cpuShare: Double
  ) {
    server = "\(plan.server)"
    model = "\(plan.model)"
    switch plan.pace {
    case .concurrency(let count): (loop, concurrency, ratePerSecond) = ("closed", count, nil)
    case .rate(let rate): (loop, concurrency, ratePerSecond) = ("open", nil, rate)
    }
    connections = plan.connections
    threads = plan.threads
    warmupSeconds = plan.warmupSeconds
    self.seconds = seconds
    requests = measured.scored + measured.refused + measured.failed
    let perSecond = seconds > 0 ? Double(measured.scoredInTime) / seconds : 0
    throughputPerSecond = perSecond
    let couponsEach = measured.scored > 0 ? Double(measured.coupons) / Double(measured.scored) : 0
    couponsPerSecond = perSecond * couponsEach
    latencyMicroseconds = Latency(measured.latency)
    queueMicroseconds = ServerShare(measured.queue)
    computeMicroseconds = ServerShare(measured.compute)
    sendLatenessMicrosecondsP99 = measured.lateness.microseconds(percentile: 99)
    generatorCpuPercent = cpuShare * 100
    outcomes = Dictionary(
      uniqueKeysWithValues: measured.outcomes.map { ($0.key.name, $0.value) })
    outcomes["SCORES"] = measured.scored
    versions = Dictionary(
      uniqueKeysWithValues: measured.versions.map { ("\($0.version)", $0.count) })
    rebinds = measured.rebinds + warmup.rebinds
    refused = measured.refused
    failed = measured.failed + warmup.failed
    failedInWarmup = warmup.failed
    firstFault =
      measured.failed == 0 && warmup.failed > 0
      ? warmup.firstFault : measured.firstFault
  }

  /// Whether every request was scored; refusals of a busy server may be let pass.
  package func isSuccess(allowingRefusals: Bool) -> Bool {
    failed == 0 && (refused == 0 || allowingRefusals) && outcomes["SCORES", default: 0] > 0
  }
}

extension LoadReport.Latency {
  init(_ histogram: Histogram<UInt64>) {
    mean = histogram.totalCount > 0 ? histogram.mean / 1e3 : 0
    p50 = histogram.microseconds(percentile: 50)
    p99 = histogram.microseconds(percentile: 99)
    p999 = histogram.microseconds(percentile: 99.9)
    max = histogram.microseconds(percentile: 100)
  }
}

extension LoadReport.ServerShare {
  init(_ histogram: Histogram<UInt64>) {
    median = histogram.totalCount > 0 ? histogram.valueAtPercentile(50) : 0
    p99 = histogram.totalCount > 0 ? histogram.valueAtPercentile(99) : 0
  }
}

extension Histogram<UInt64> {
  /// Of a histogram of nanoseconds; 0 when it is empty.
  fileprivate func microseconds(percentile: Double) -> Double {
    totalCount > 0 ? Double(valueAtPercentile(percentile)) / 1e3 : 0
  }
}
