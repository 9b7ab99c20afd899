package import TesseraClient

/// What a run does: to which server, how hard, for how long.
package struct LoadPlan: Hashable, Sendable {
  /// What decides when the next request is sent.
  package enum Pace: Hashable, Sendable {
    /// Closed loop: so many requests are unanswered at any time; an answer starts the next one.
    case concurrency(Int)
    /// Open loop: so many requests a second, whatever becomes of those before. Latency counts from the
    /// time that a request was due.
    case rate(Double)
  }

  package var server: ServerAddress
  package var model: ModelReference
  package var pace: Pace
  package var connections: Int
  package var threads: Int
  /// Measured.
  package var seconds: Double
  /// Before the measurement, under the same load.
  package var warmupSeconds: Double
  /// Written into every request; nil leaves what was recorded, 0 is the server's default.
  package var deadlineMicroseconds: UInt32?
  /// For HELLO; empty where the server asks for none.
  package var credential: [UInt8] = []

  /// A run; nil stands for the default, which fits the pace.
  ///
  /// - Throws: what is outside the limits, in the words of the command line.
  package init(
    server: ServerAddress, model: ModelReference, pace: Pace, connections: Int? = nil,
    threads: Int = 1, seconds: Double, warmupSeconds: Double, deadlineMicroseconds: UInt32? = nil
  ) throws(LoadError) {
    try check("--seconds", seconds, 0.1...LoadLimits.secondsMax)
    try check("--warmup-seconds", warmupSeconds, 0...LoadLimits.secondsMax)
    try check("--threads", threads, 1...LoadLimits.threadsMax)
    let connectionsMax: Int
    switch pace {
    case .concurrency(let count):
      try check("--concurrency", count, 1...LoadLimits.concurrencyMax)
      connectionsMax = min(count, LoadLimits.connectionsMax)
      self.connections = connections ?? min(count, LoadLimits.connectionsDefaultMax)
    case .rate(let rate):
      try check("--rate", rate, 0.01...LoadLimits.rateMax)
      connectionsMax = LoadLimits.connectionsMax
      self.connections = connections ?? LoadLimits.openLoopConnectionsDefault
    }
    // More connections than requests at a time would leave some of them idle.
    try check("--connections", self.connections, 1...connectionsMax)
    self.server = server
    self.model = model
    self.pace = pace
    self.threads = min(threads, self.connections)
    self.seconds = seconds
    self.warmupSeconds = warmupSeconds
    self.deadlineMicroseconds = deadlineMicroseconds
  }

  /// Closed loop: how many requests one connection keeps unanswered. Open loop: nil.
  package func quota(connection index: Int) -> Int? {
    guard case .concurrency(let total) = pace else { return nil }
    return Self.share(of: total, part: index, of: connections)
  }

  /// How many of `total` things the part `index` of `parts` gets: shares differ by one at most.
  package static func share(of total: Int, part index: Int, of parts: Int) -> Int {
    total / parts + (index < total % parts ? 1 : 0)
  }
}

private func check<Value: Comparable>(
  _ flag: String, _ value: Value, _ range: ClosedRange<Value>
) throws(LoadError) {
  guard range.contains(value) else {
    throw LoadError("\(flag) is \(value), not \(range.lowerBound)…\(range.upperBound)")
  }
}
