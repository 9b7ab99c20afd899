import Serving
import TesseraWire
import Testing

@Suite("Lanes")
struct LanesTests {
  private func lane(_ version: UInt32) -> Lane {
    Lane(
      model: "coupon", version: version, batchRowsMax: RowCounts(users: 1),
      cost: CostModel(nanosecondsPerRow: 1))
  }

  @Test("a lane that is opened is no candidate for closing until it was served and is not any more")
  func lifetime() {
    var lanes = Lanes()
    #expect(lanes.open(lane(1)) == 0)
    #expect(lanes.drained.isEmpty)
    lanes.serve(0b1)
    #expect(lanes.drained.isEmpty)
    lanes.serve(0)
    #expect(lanes.drained == [0])
    lanes.serve(0b1)
    #expect(lanes.drained.isEmpty)
  }

  @Test("the place of a closed lane is used again")
  func places() {
    var lanes = Lanes()
    for version in 1...3 { _ = lanes.open(lane(UInt32(version))) }
    lanes.serve(0b101)
    #expect(lanes.close(1)?.version == 2)
    #expect(lanes.places[1] == nil)
    #expect(lanes.open(lane(4)) == 1)
    #expect(lanes.places[1]?.version == 4)
  }
}

@Suite("Wakeups")
struct WakeupsTests {
  @Test("nobody is woken while all work, or while one is on its way")
  func oneAtATime() {
    var wakeups = Wakeups()
    #expect(wakeups.wakeOne() == nil)
    wakeups.asks(worker: 3, isWork: false)
    wakeups.asks(worker: 5, isWork: false)
    #expect(wakeups.wakeOne() == 3)
    #expect(wakeups.wakeOne() == nil)
    wakeups.asks(worker: 3, isWork: true)
    #expect(wakeups.wakeOne() == 5)
  }

  @Test("a woken worker that finds nothing may be woken again")
  func inVain() {
    var wakeups = Wakeups()
    wakeups.asks(worker: 63, isWork: false)
    #expect(wakeups.wakeOne() == 63)
    wakeups.asks(worker: 63, isWork: false)
    #expect(wakeups.wakeOne() == 63)
  }
}
