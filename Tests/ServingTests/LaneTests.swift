import Serving
import TesseraWire
import Testing

@Suite("Lane")
struct LaneTests {
  @Test("a batch has as many tickets as it may, and the next has the rest")
  func tickets() throws {
    var desk = Desk(queueNanosecondsMax: .max)
    // Room for more users than tickets, so that these are what ends the batch.
    let rows = RowCounts(users: 128, events: 4_096, coupons: 4_096)
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 1, rowsMax: rows))
    let bound = try desk.bind("coupon").get()
    let count = ServingLimits.batchTicketsMax + 1
    for request in 0..<count { _ = desk.submit(UInt16(request), bound, at: 1, rows: 3) }
    #expect(desk.take(at: 2)?.count == ServingLimits.batchTicketsMax)
    #expect(desk.take(at: 2) == [UInt16(count - 1)])
  }

  @Test("a lane that is full refuses the next ticket as overload")
  func full() throws {
    var desk = Desk(queueNanosecondsMax: .max)
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 1))
    let bound = try desk.bind("coupon").get()
    for request in 0..<ServingLimits.laneTicketsMax {
      #expect(
        desk.submit(UInt16(request), bound, at: 1, rows: 3) == .accepted(parts: 1, wake: nil))
    }
    guard case .refused(.overloaded) = desk.submit(0, bound, at: 1, rows: 3) else {
      Issue.record("the lane took one ticket more than it may")
      return
    }
  }

  @Test("at its deadline a ticket has expired")
  func deadline() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1))
    let bound = try desk.bind("coupon").get()
    _ = desk.submit(1, bound, at: 0, deadline: 50_000)
    #expect(desk.take(at: 50_000) == [])
    #expect(desk.batch.expired.map(\.request.place) == [1])
  }
}
