import Serving
import TesseraWire
import Testing

/// A dispatcher with one or two lanes, and the few verbs that its transcripts need.
struct Desk {
  var dispatcher: Dispatcher
  var batch = Batch()
  private var serial: UInt64 = 0

  init(workers: Int = 2, queueNanosecondsMax: Int64 = 10_000_000) {
    dispatcher = Dispatcher(
      admission: Admission(queueNanosecondsMax: queueNanosecondsMax, workers: workers))
  }

  mutating func open(
    _ model: String, _ version: UInt32, signature: UInt64 = 7, nanosecondsPerRow: Double = 1_000,
    rowsMax: RowCounts = RowCounts(users: 64, events: 4_096, coupons: 4_096, bagValues: 65_536)
  ) -> Int {
    serial += 1
    let lane = Lane(
      model: model, version: version, signatureHash: signature, batchRowsMax: rowsMax,
      serial: serial, cost: CostModel(nanosecondsPerRow: nanosecondsPerRow))
    return dispatcher.open(lane) ?? -1
  }

  mutating func promote(_ model: String, to lane: Int?) {
    _ = dispatcher.point(model: model, alias: "production", to: lane)
  }

  func bind(_ model: String, version: UInt32? = nil) -> Result<BoundTarget, Refusal> {
    dispatcher.bind(
      BindBody(model: model, target: version.map { .version($0) } ?? .alias("production")))
  }

  mutating func submit(
    _ request: UInt, _ target: BoundTarget, at now: Int64, deadline: Int64 = 1_000_000_000,
    rows: Int = 10, signature: UInt64 = 7
  ) -> Dispatcher.Submission {
    dispatcher.submit(
      Ticket(
        request: request, arrival: now, deadline: deadline,
        rows: RowCounts(users: 1, events: rows - 2, coupons: 1)),
      to: target.target, signatureHash: signature, now: now)
  }

  /// The requests that the worker gets, or nil when nothing waits.
  mutating func take(_ worker: Int = 0, at now: Int64) -> [UInt]? {
    switch dispatcher.take(worker: worker, now: now, into: &batch) {
    case .nothing: nil
    case .batch: batch.tickets.map(\.request)
    }
  }

  mutating func finish() {
    dispatcher.finish(batch, computedRows: batch.rows.total, nanoseconds: batch.cost)
  }
}

@Suite("Dispatcher")
struct DispatcherTests {
  @Test("frames of many connections become one batch, without waiting for more")
  func batches() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1))
    let bound = try desk.bind("coupon").get()
    #expect(desk.take(0, at: 0) == nil)
    #expect(desk.submit(1, bound, at: 10) == .accepted(wake: 0))
    #expect(desk.submit(2, bound, at: 11) == .accepted(wake: nil))
    #expect(desk.submit(3, bound, at: 12) == .accepted(wake: nil))
    #expect(desk.take(0, at: 13) == [1, 2, 3])
    #expect(desk.batch.rows.total == 30)
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
    #expect(desk.submit(1, bound, at: 1) == .accepted(wake: 0))
    #expect(desk.submit(2, bound, at: 1) == .accepted(wake: nil))
    #expect(desk.submit(3, bound, at: 1) == .accepted(wake: nil))
    var batch = Batch()
    #expect(desk.dispatcher.take(worker: 0, now: 2, into: &batch) == .batch(wake: 1))
    #expect(batch.tickets.map(\.request) == [1, 2])
    #expect(desk.take(1, at: 3) == [3])
  }

  @Test("a batch ends at its rows, and at the time it may take")
  func batchLimits() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 50_000))
    let bound = try desk.bind("coupon").get()
    for request in 1...5 { _ = desk.submit(UInt(request), bound, at: 1) }
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
    #expect(desk.batch.expired.map(\.request) == [1])
    #expect(desk.submit(3, bound, at: 70_000, deadline: 70_000) == .refused(.deadlineExceeded))
    desk.finish()
    #expect(desk.dispatcher.isIdle)
    #expect(desk.dispatcher.load == Admission.Load())
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
    #expect(desk.submit(1, bound, at: 0) == .accepted(wake: nil))
    #expect(desk.submit(2, bound, at: 0) == .accepted(wake: nil))
    #expect(desk.submit(3, bound, at: 0) == .refused(.overloaded(retryAfterMicroseconds: 1_000)))
    #expect(desk.take(at: 1) == [1, 2])
    #expect(desk.submit(4, bound, at: 2) == .accepted(wake: nil))
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
    #expect(desk.bind("coupon") == .failure(.draining))
    #expect(!desk.dispatcher.isIdle)
    #expect(desk.take(at: 2) == [1])
    desk.finish()
    #expect(desk.dispatcher.isIdle)
  }
}
