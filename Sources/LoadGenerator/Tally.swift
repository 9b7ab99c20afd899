package import Histogram
package import TesseraWire

/// What became of a request.
package enum Outcome: Hashable, Sendable {
  /// The server refused it with this code.
  case refused(ErrorCode)
  /// Its connection ended before the answer.
  case connectionLost
  /// No answer came in time after the end of the run.
  case noAnswer
  /// It was due but could not be sent: every connection had as many unanswered ones as it may.
  case notSent
  /// The answer did not have the shape of the request.
  case badReply

  /// In reports: the code's name in SPEC.md, or one like it.
  package var name: String {
    switch self {
    case .refused(let code): code.name
    case .connectionLost: "CONNECTION_LOST"
    case .noAnswer: "NO_ANSWER"
    case .notSent: "NOT_SENT"
    case .badReply: "BAD_REPLY"
    }
  }

  /// Whether a server that has more to do than it can answers so: not a fault of it.
  package var isOverload: Bool {
    self == .refused(.overloaded) || self == .refused(.deadlineExceeded)
  }
}

/// What a server tells in SCORES about one request.
package struct ServerTimes: Hashable, Sendable {
  package var version: UInt32
  package var queueMicroseconds: UInt32
  package var computeMicroseconds: UInt32

  package init(version: UInt32, queueMicroseconds: UInt32, computeMicroseconds: UInt32) {
    self.version = version
    self.queueMicroseconds = queueMicroseconds
    self.computeMicroseconds = computeMicroseconds
  }
}

/// Counts of one thread; added up at the end. Recording a score allocates nothing, unless its version was
/// not seen before.
package struct Tally: Sendable {
  /// Of answered requests, in nanoseconds from the intended time.
  package private(set) var latency = Histogram<UInt64>(
    lowestDiscernibleValue: 100, highestTrackableValue: LoadLimits.latencyNanosecondsMax)
  package private(set) var queue = Tally.microseconds
  package private(set) var compute = Tally.microseconds
  /// From the intended time until the request was written: what the sender itself was late.
  package private(set) var lateness = Histogram<UInt64>(
    lowestDiscernibleValue: 100, highestTrackableValue: LoadLimits.latencyNanosecondsMax)
  /// Requests that got scores.
  package private(set) var scored: UInt64 = 0
  /// Those of them whose answer came before sending ended.
  package private(set) var scoredInTime: UInt64 = 0
  package private(set) var coupons: UInt64 = 0
  package private(set) var versions: [(version: UInt32, count: UInt64)] = []
  package private(set) var outcomes: [Outcome: UInt64] = [:]
  /// The first thing that went wrong, as the server or the system put it.
  package private(set) var firstFault: String?
  package var rebinds: UInt64 = 0

  private static var microseconds: Histogram<UInt64> {
    Histogram(lowestDiscernibleValue: 1, highestTrackableValue: UInt64(UInt32.max))
  }

  package init() {}

  package var refused: UInt64 { outcomes.reduce(0) { $0 + ($1.key.isOverload ? $1.value : 0) } }
  package var failed: UInt64 { outcomes.reduce(0) { $0 + ($1.key.isOverload ? 0 : $1.value) } }

  package mutating func recordScores(
    _ times: ServerTimes, coupons rows: UInt32, latencyNanoseconds: UInt64, isInTime: Bool
  ) {
    scored += 1
    scoredInTime += isInTime ? 1 : 0
    coupons += UInt64(rows)
    latency.record(min(latencyNanoseconds, LoadLimits.latencyNanosecondsMax))
    queue.record(UInt64(times.queueMicroseconds))
    compute.record(UInt64(times.computeMicroseconds))
    count(version: times.version, 1)
  }

  package mutating func recordLateness(nanoseconds: UInt64) {
    lateness.record(min(nanoseconds, LoadLimits.latencyNanosecondsMax))
  }

  package mutating func record(
    _ outcome: Outcome, count: UInt64 = 1, text: @autoclosure () -> String
  ) {
    guard count > 0 else { return }
    outcomes[outcome, default: 0] += count
    if firstFault == nil || !outcome.isOverload && failed == count {
      firstFault = "\(outcome.name): \(text())"
    }
  }

  /// Adds what another thread has counted.
  package mutating func add(_ other: Tally) {
    if firstFault == nil || failed == 0 && other.failed > 0 { firstFault = other.firstFault }
    latency.add(other.latency)
    queue.add(other.queue)
    compute.add(other.compute)
    lateness.add(other.lateness)
    scored += other.scored
    scoredInTime += other.scoredInTime
    coupons += other.coupons
    rebinds += other.rebinds
    for (version, more) in other.versions { count(version: version, more) }
    outcomes.merge(other.outcomes, uniquingKeysWith: +)
  }

  private mutating func count(version: UInt32, _ more: UInt64) {
    // Versions come in runs, and the one that came last is looked at first.
    var index = versions.count - 1
    while index >= 0, versions[index].version != version { index -= 1 }
    if index >= 0 {
      versions[index].count += more
    } else {
      versions.append((version, more))
    }
  }
}
