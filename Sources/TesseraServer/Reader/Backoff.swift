/// When to try again what has failed: at once, then after a while, then after twice as long, up to a limit.
package struct Backoff {
  private let firstNanoseconds: Int64
  private let maxNanoseconds: Int64
  private var failures = 0
  /// When the next attempt may be made.
  package private(set) var notBefore: Int64 = .min

  package init(firstMilliseconds: Int64, maxMilliseconds: Int64) {
    firstNanoseconds = firstMilliseconds * 1_000_000
    maxNanoseconds = maxMilliseconds * 1_000_000
  }

  /// Notes a failure.
  ///
  /// - Parameter freeAttempts: how many failures in a row are tried again at once.
  package mutating func fail(now: Int64, freeAttempts: Int = 0) {
    failures += 1
    let doublings = failures - 1 - freeAttempts
    // More doublings than bits of a long while would overflow; the limit comes long before.
    let delay = doublings < 0 ? 0 : min(firstNanoseconds << min(doublings, 20), maxNanoseconds)
    notBefore = now + delay
  }

  /// Lets the next attempt be made at once.
  package mutating func hurry(now: Int64) { notBefore = min(notBefore, now) }

  /// Notes a success.
  package mutating func succeed() {
    failures = 0
    notBefore = .min
  }
}
