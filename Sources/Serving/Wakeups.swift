/// Who works: which workers sleep, and which were woken and have not come yet.
///
/// While one is on its way no other is woken; it wakes the next when it leaves work behind. Waking one
/// for each frame would split what could be one batch.
package struct Wakeups: Hashable, Sendable {
  /// Bit w: worker w sleeps, or is about to.
  private var idle: UInt64 = 0
  /// Bit w: worker w was woken and has not asked for work yet.
  private var waking: UInt64 = 0

  package init() {}

  /// A worker asks for work, and gets it if there `isWork`; else it counts as idle.
  package mutating func asks(worker: Int, isWork: Bool) {
    let bit: UInt64 = 1 << UInt64(worker)
    waking &= ~bit
    idle = isWork ? idle & ~bit : idle | bit
  }

  /// The worker to be woken for work that waits: the first that is idle, unless one is on its way.
  package mutating func wakeOne() -> Int? {
    guard idle != 0, waking == 0 else { return nil }
    let worker = idle.trailingZeroBitCount
    idle &= ~(1 << UInt64(worker))
    waking |= 1 << UInt64(worker)
    return worker
  }
}
