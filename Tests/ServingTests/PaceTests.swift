import Serving
import TesseraWire
import Testing

@Suite("Pace")
struct PaceTests {
  @Test("So many happen at once, then one in each interval; silence fills up to the burst again")
  func burstAndRate() {
    var pace = Pace(perSecond: 10, burst: 3)
    func count(from begin: Int64, to end: Int64) -> Int {
      var count = 0
      // Tried every millisecond.
      for now in stride(from: begin, to: end, by: 1_000_000) where pace.allows(now: now) {
        pace.count(now: now)
        count += 1
      }
      return count
    }
    #expect(count(from: 0, to: 50_000_000) == 3)
    #expect(count(from: 50_000_000, to: 1_050_000_000) == 10)
    #expect(count(from: 100_000_000_000, to: 100_050_000_000) == 3)
  }

  @Test("A connection that sends BINDs without end is not handled on, but one that sends SCOREs is")
  func machine() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    _ = peer.bound("coupon")
    var handled = 0
    while peer.mayHandle(now: 0) {
      #expect(peer.score(handle: 0) == .score(handle: 0))
      _ = try peer.send(BindBody(.model, "coupon", target: .alias("production")))
      handled += 1
    }
    #expect((64..<1_000).contains(handled))
    #expect(peer.isPaced(now: 0))
    #expect(peer.mayHandle(now: 1_000_000_000))
  }

  @Test("What has arrived and may not be handled stops reading; once it is, reading goes on")
  func arrived() {
    let peer = Peer()
    _ = peer.bound("coupon")
    peer.framesArrived(true)
    #expect(!peer.mayRead())
    #expect(!peer.resumesReading(now: 1))
    peer.framesArrived(false)
    #expect(peer.resumesReading(now: 2))
    #expect(peer.mayRead())
  }

  @Test("Held bytes and replies that are not read stop the handling of what has arrived, too")
  func bounds() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    peer.repliesStalled(true, now: 0)
    #expect(!peer.mayHandle(now: 1))
    peer.repliesStalled(false, now: 2)
    #expect(peer.mayHandle(now: 3))
    peer.submitted(heldBytes: 3 << 20)
    #expect(!peer.mayHandle(now: 4))
    peer.answered(heldBytes: 3 << 20)
    #expect(peer.mayHandle(now: 5))
  }

  @Test(
    "A connection that rests with nothing unanswered is closed with TIMEOUT; one that PINGs is not")
  func idle() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    let idle = ConnectionTimeouts().idle
    peer.readEnded(isMidFrame: false, completedFrame: true, now: 5)
    #expect(peer.tick(now: idle) == .none)
    peer.readEnded(isMidFrame: false, completedFrame: true, now: idle)
    #expect(peer.tick(now: idle + 5) == .none)
    peer.submitted()
    #expect(peer.tick(now: 2 * idle) == .none)
    peer.answered()
    guard case .close(let error) = peer.tick(now: 2 * idle) else {
      Issue.record("it was not closed")
      return
    }
    #expect(error.code == .timeout)
  }

  @Test("A frame that comes byte by byte has the time of one; the next one has its own")
  func trickle() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    let time = ConnectionTimeouts().frame
    peer.readEnded(isMidFrame: true, completedFrame: false, now: 10)
    peer.readEnded(isMidFrame: true, completedFrame: true, now: 20)
    peer.readEnded(isMidFrame: true, completedFrame: false, now: time)
    #expect(peer.tick(now: time + 19) == .none)
    guard case .close(let error) = peer.tick(now: time + 20) else {
      Issue.record("it was not closed")
      return
    }
    #expect(error.code == .timeout)
  }

  @Test("A budget is full at its bound and not below")
  func budget() {
    var budget = MemoryBudget(bytesMax: 100)
    budget.hold(99)
    #expect(!budget.isFull)
    budget.hold(1)
    #expect(budget.isFull)
    budget.release(1)
    #expect(!budget.isFull)
    #expect(budget.heldBytes == 99)
  }
}
