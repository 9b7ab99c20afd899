/// How often something may happen: so many times at once, from then on at a steady rate. The generic cell rate
/// algorithm (ITU-T I.371): a number and no timer.
package struct Pace: Sendable {
  private let intervalNanoseconds: Int64
  private let burstNanoseconds: Int64
  /// When the last of what has happened would have, at the steady rate alone.
  private var due: Int64 = 0

  /// - Parameter burst: how many may happen at once after a long silence.
  package init(perSecond: Int64, burst: Int64) {
    intervalNanoseconds = 1_000_000_000 / perSecond
    burstNanoseconds = (burst - 1) * intervalNanoseconds
  }

  /// Whether it may happen once more now.
  package func allows(now: Int64) -> Bool { due - now <= burstNanoseconds }

  /// Notes that it has happened; something that costs more counts several times.
  package mutating func count(now: Int64, times: Int = 1) {
    due = max(due, now) + Int64(times) * intervalNanoseconds
  }
}
