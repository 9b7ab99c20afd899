import Serving
import TesseraWire
import Testing

@Suite("Costs")
struct CostModelTests {
  /// A machine whose batches cost what these weights say.
  struct Machine {
    var user = 500.0
    var event = 800.0
    var coupon = 200.0
    var pair = 0.0

    func time(_ size: WorkSize) -> Int64 {
      let rows = size.rows
      return Int64(
        user * Double(rows[.user]) + event * Double(rows[.event]) + coupon * Double(rows[.coupon])
          + pair * Double(size.eventPairs))
    }
  }

  static func size(users: Int, events: Int, coupons: Int) -> WorkSize {
    WorkSize(
      rows: RowCounts(users: users, events: users * events, coupons: users * coupons),
      eventPairs: users * events * events)
  }

  /// Batches as traffic brings them: few to many users, short and long histories, few and many coupons.
  static func traffic(_ count: Int, seed: UInt64 = 1) -> [WorkSize] {
    var state = seed
    func next(_ count: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % count)
    }
    return (0..<count).map { _ in
      size(users: 1 + next(16), events: next(200), coupons: 1 + next(60))
    }
  }

  private func errors(_ cost: CostModel, _ machine: Machine, _ sizes: [WorkSize]) -> [Double] {
    sizes.map { abs(Double(cost.estimate($0)) / Double(machine.time($0)) - 1) }.sorted()
  }

  @Test("it starts at one cost a row and is exact at once for batches that look alike")
  func alike() {
    var cost = CostModel(nanosecondsPerRow: 1_000)
    let size = Self.size(users: 4, events: 50, coupons: 32)
    #expect(cost.estimate(size) == 332_000)
    for _ in 0..<100 { cost.observe(size, nanoseconds: 100_000) }
    #expect(abs(cost.estimate(size) - 100_000) < 1_000)
  }

  @Test("over mixed traffic it learns what each axis costs", arguments: [0.0, 20.0])
  func converges(pair: Double) {
    let machine = Machine(pair: pair)
    var cost = CostModel(nanosecondsPerRow: 1_000, attends: true)
    for size in Self.traffic(2_000) { cost.observe(size, nanoseconds: machine.time(size)) }
    let errors = errors(cost, machine, Self.traffic(200, seed: 9))
    #expect(errors[100] < 0.1)
    #expect(errors[190] < 0.4)
  }

  @Test("it follows a change within some thirty batches")
  func follows() {
    var machine = Machine(pair: 5)
    var cost = CostModel(nanosecondsPerRow: 1_000, attends: true)
    for size in Self.traffic(1_000) { cost.observe(size, nanoseconds: machine.time(size)) }
    machine = Machine(user: 1_000, event: 1_600, coupon: 400, pair: 10)
    for size in Self.traffic(48, seed: 3) { cost.observe(size, nanoseconds: machine.time(size)) }
    let errors = errors(cost, machine, Self.traffic(200, seed: 9))
    #expect(errors[100] < 0.25)
  }

  @Test("a single outlier moves it by less than a fifth, in either direction")
  func outlier() {
    let size = Self.size(users: 1, events: 50, coupons: 32)
    for nanoseconds in [0, 1, Int64.max] {
      var cost = CostModel(nanosecondsPerRow: 1_000)
      cost.observe(size, nanoseconds: nanoseconds)
      #expect(abs(Double(cost.estimate(size)) / 83_000 - 1) < 0.2)
    }
  }

  @Test("whatever it sees, estimates stay positive and finite, and it recovers")
  func robust() {
    var cost = CostModel(nanosecondsPerRow: 0, attends: true)
    let largest = Self.size(users: 64, events: 1_024, coupons: 1_024)
    let sizes = Self.traffic(300) + [WorkSize(), largest]
    for round in 0..<20 {
      for size in sizes { cost.observe(size, nanoseconds: round % 2 == 0 ? 0 : .max) }
      #expect(cost.estimate(largest) > 0)
      #expect(cost.estimate(largest) < .max)
    }
    #expect(cost.estimate(WorkSize()) == 0)
    let machine = Machine()
    for size in Self.traffic(2_000) { cost.observe(size, nanoseconds: machine.time(size)) }
    #expect(errors(cost, machine, Self.traffic(200, seed: 9))[100] < 0.25)
  }

  @Test("a model that does not attend pays nothing for the pairs of its events")
  func doesNotAttend() {
    var cost = CostModel(nanosecondsPerRow: 10)
    var size = Self.size(users: 1, events: 100, coupons: 1)
    let estimate = cost.estimate(size)
    size.eventPairs = 1 << 40
    #expect(cost.estimate(size) == estimate)
    cost.observe(size, nanoseconds: 1)
    #expect(cost.estimate(size) < estimate)
  }
}
