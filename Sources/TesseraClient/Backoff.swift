// How long to wait before connecting again: the nth failure in a row waits between half of and all of
// `first` × 2ⁿ⁻¹, never more than `longest`. The random half keeps clients that lost one server at the
// same moment from coming back at the same moment.

package struct Backoff: Sendable {
  package var first: UInt64
  package var longest: UInt64

  package init(firstNanoseconds: UInt64, longestNanoseconds: UInt64) {
    first = firstNanoseconds
    longest = longestNanoseconds
  }

  /// Nanoseconds to wait after `failures` failures in a row; 0 when there was none.
  package func nanoseconds(
    failures: Int, random: inout some RandomNumberGenerator
  ) -> UInt64 {
    guard failures > 0 else { return 0 }
    // 2^40 ns is 18 minutes: the shift cannot run over, and `longest` decides long before.
    let doubled = first << UInt64(min(failures - 1, 20))
    let full = min(doubled, longest)
    // The high half of a product spreads evenly enough here, and unlike `random(in:)` needs one number only.
    return full / 2 + (full - full / 2 + 1).multipliedFullWidth(by: random.next()).high
  }
}
