import Serving
import TesseraWire
import Testing

@Suite("Dispatcher")
struct DispatcherTests {
  @Test("frames of many connections become one batch, without waiting for more")
  func batches() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1))
    let bound = try desk.bind("coupon").get()
    #expect(desk.take(0, at: 0) == nil)
    #expect(desk.submit(1, bound, at: 10) == .accepted(parts: 1, wake: 0))
    #expect(desk.submit(2, bound, at: 11) == .accepted(parts: 1, wake: nil))
    #expect(desk.submit(3, bound, at: 12) == .accepted(parts: 1, wake: nil))
    #expect(desk.take(0, at: 13) == [1, 2, 3])
    #expect(desk.batch.size.rows.total == 30)
    #expect(!desk.dispatcher.isIdle)
    desk.finish()
    #expect(desk.dispatcher.isIdle)
    #expect(desk.take(0, at: 14) == nil)
  }

  @Test("a woken worker that leaves work behind wakes the next")
  func wakes() throws {
    var desk = Desk()
    let rows = RowCounts(users: 2, events: 100, coupons: 100, bagValues: 0)
    desk.promote("coupon", to: desk.open("coupon", 1, rowsMax: rows))
    let bound = try desk.bind("coupon").get()
    #expect(desk.take(0, at: 0) == nil)
    #expect(desk.take(1, at: 0) == nil)
    #expect(desk.submit(1, bound, at: 1) == .accepted(parts: 1, wake: 0))
    #expect(desk.submit(2, bound, at: 1) == .accepted(parts: 1, wake: nil))
    #expect(desk.submit(3, bound, at: 1) == .accepted(parts: 1, wake: nil))
    var batch = Batch()
    #expect(desk.dispatcher.take(worker: 0, now: 2, into: &batch) == .batch(wake: 1))
    #expect(batch.tickets.map(\.request.place) == [1, 2])
    #expect(desk.take(1, at: 3) == [3])
  }

  @Test("a batch ends at its rows, and at the time it may take")
  func batchLimits() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 50_000))
    let bound = try desk.bind("coupon").get()
    for request in 1...5 { _ = desk.submit(UInt16(request), bound, at: 1) }
    // 0.5 ms each; a batch is at most 2 ms.
    #expect(desk.take(at: 2) == [1, 2, 3, 4])
    #expect(desk.take(at: 2) == [5])
  }

  @Test("a batch does not grow past the tightest deadline in it")
  func tightestDeadline() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 10_000))
    let bound = try desk.bind("coupon").get()
    // 0.1 ms each.
    _ = desk.submit(1, bound, at: 0, deadline: 250_000)
    _ = desk.submit(2, bound, at: 0)
    _ = desk.submit(3, bound, at: 0)
    #expect(desk.take(at: 0) == [1, 2])
    #expect(desk.take(at: 0) == [3])
  }

  @Test("what expired in the queue is handed out to be answered, not computed")
  func expiresInQueue() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1))
    let bound = try desk.bind("coupon").get()
    _ = desk.submit(1, bound, at: 0, deadline: 50_000)
    _ = desk.submit(2, bound, at: 0)
    #expect(desk.take(at: 60_000) == [2])
    #expect(desk.batch.expired.map(\.request.place) == [1])
    #expect(desk.submit(3, bound, at: 70_000, deadline: 70_000) == .refused(.deadlineExceeded))
    desk.finish()
    #expect(desk.dispatcher.isIdle)
    #expect(desk.dispatcher.backlog == Admission.Backlog())
  }

  @Test("lanes take turns: the oldest head goes first, and versions never mix")
  func fairness() throws {
    var desk = Desk()
    desk.promote("slow", to: desk.open("slow", 1))
    desk.promote("quick", to: desk.open("quick", 1))
    let slow = try desk.bind("slow").get()
    let quick = try desk.bind("quick").get()
    _ = desk.submit(1, slow, at: 1)
    _ = desk.submit(2, quick, at: 2)
    _ = desk.submit(3, slow, at: 3)
    #expect(desk.take(at: 4) == [1, 3])
    _ = desk.submit(4, slow, at: 5)
    #expect(desk.take(at: 6) == [2])
    #expect(desk.take(at: 7) == [4])
  }

  @Test("a full queue refuses with a time to come back, and admits again when it has drained")
  func overload() throws {
    var desk = Desk(workers: 1, queueNanosecondsMax: 25_000)
    desk.promote("coupon", to: desk.open("coupon", 1))
    let bound = try desk.bind("coupon").get()
    #expect(desk.submit(1, bound, at: 0) == .accepted(parts: 1, wake: nil))
    #expect(desk.submit(2, bound, at: 0) == .accepted(parts: 1, wake: nil))
    #expect(desk.submit(3, bound, at: 0) == .refused(.overloaded(retryAfterMicroseconds: 1_000)))
    #expect(desk.take(at: 1) == [1, 2])
    #expect(desk.submit(4, bound, at: 2) == .accepted(parts: 1, wake: nil))
  }

  @Test("a frame larger than a batch is refused with LIMIT, not queued for ever")
  func tooLarge() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1, rowsMax: RowCounts(users: 1, events: 5)))
    let bound = try desk.bind("coupon").get()
    #expect(desk.submit(1, bound, at: 0) == .refused(.tooManyRows))
  }

  @Test("after drain nothing new is taken and what was accepted is still computed")
  func drain() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1))
    let bound = try desk.bind("coupon").get()
    _ = desk.submit(1, bound, at: 0)
    desk.dispatcher.drain()
    #expect(desk.submit(2, bound, at: 1) == .refused(.draining))
    #expect(!desk.dispatcher.isIdle)
    #expect(desk.take(at: 2) == [1])
    desk.finish()
    #expect(desk.dispatcher.isIdle)
  }
}
