import CAllocations
import Serving
import TesseraWire
import Testing

@Suite("Batches are taken without the heap")
struct DispatcherAllocationTests {
  @Test(
    "submitting, taking and finishing allocate nothing, batch after batch",
    .enabled(if: tsr_allocations_are_counted(), "a sanitizer has its own malloc"),
    .disabled(if: Self.isUnoptimised, "code that is not optimised boxes its iterators"))
  func none() throws {
    var desk = Desk(queueNanosecondsMax: .max)
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 1))
    let bound = try desk.bind("coupon").get()
    // Whatever is set up once, is set up in the first round.
    _ = allocations(&desk, bound, at: 0)
    for round in Int64(1)...5 { #expect(allocations(&desk, bound, at: round * 1_000) == 0) }
  }

  /// Of one round: some that expire, and more than a batch of those that do not.
  private func allocations(_ desk: inout Desk, _ slot: Int, at now: Int64) -> UInt64 {
    let before = tsr_allocations_of_this_thread()
    for request in UInt16(0)..<100 {
      _ = desk.submit(
        request, slot, at: now, deadline: request % 10 == 0 ? now + 1 : .max, rows: 3)
    }
    while case .batch = desk.dispatcher.take(worker: 0, now: now + 2, into: &desk.batch) {
      desk.finish()
    }
    return tsr_allocations_of_this_thread() - before
  }

  private static var isUnoptimised: Bool {
    var isDebug = false
    assert(
      {
        isDebug = true; return true
      }())
    return isDebug
  }
}
