/// When the requests of an open loop are due. The schedule is fixed before the run: a slow server, or a
/// slow sender, makes requests late and never fewer.
///
/// Time is in nanoseconds of one clock; nothing here reads it.
package struct Pacer: Hashable, Sendable {
  private let start: UInt64
  private let interval: Double
  private var taken: UInt64 = 0

  /// - Parameter start: when the first request is due.
  /// - Parameter rate: requests a second.
  package init(start: UInt64, rate: Double) {
    self.start = start
    interval = 1e9 / rate
  }

  /// When the next request is due. A whole run of an hour is exact to a nanosecond.
  package var nextDue: UInt64 { start + UInt64((Double(taken) * interval).rounded()) }

  /// The due time of the next request, if that has come and lies before `end`; the request is then taken.
  package mutating func take(now: UInt64, end: UInt64) -> UInt64? {
    let due = nextDue
    guard due <= now, due < end else { return nil }
    taken += 1
    return due
  }

  /// Requests that were due before `end` and not taken: they could not be sent.
  package func missed(end: UInt64) -> UInt64 {
    guard end > start else { return 0 }
    var due = UInt64((Double(end - start) / interval).rounded(.up))
    while due > 0, start + UInt64((Double(due - 1) * interval).rounded()) >= end { due -= 1 }
    return due > taken ? due - taken : 0
  }

  /// Gives up the requests that were due before `time` and not taken; returns how many.
  package mutating func skip(before time: UInt64) -> UInt64 {
    let missed = missed(end: time)
    taken += missed
    return missed
  }
}
