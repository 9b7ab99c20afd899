import Serving
import TesseraWire
import Testing

@Suite("Versions")
struct VersionTests {
  @Test("a promotion is followed by the handles of the alias, and the old version drains")
  func promotion() throws {
    var desk = Desk()
    let first = desk.open("coupon", 1)
    desk.promote("coupon", to: first)
    let bound = try desk.bind("coupon").get()
    _ = desk.submit(1, bound, at: 0)

    let second = desk.open("coupon", 2)
    #expect(desk.bind("coupon", version: 2) == .failure(.unknownVersion))
    desk.promote("coupon", to: second)
    #expect(throws: Never.self) { try desk.bind("coupon", version: 2).get() }
    _ = desk.submit(2, bound, at: 1)
    #expect(desk.dispatcher.drainedLanes.isEmpty)

    #expect(desk.take(at: 2) == [1])
    #expect(desk.batch.lane == first)
    #expect(desk.dispatcher.drainedLanes.isEmpty)
    desk.finish()
    #expect(desk.dispatcher.drainedLanes == [first])
    #expect(desk.close(first)?.version == 1)

    #expect(desk.take(at: 3) == [2])
    #expect(desk.batch.lane == second)
  }

  @Test("a version of another signature asks for a rebind, for as long as the old handle is used")
  func signatureChange() throws {
    var desk = Desk()
    desk.promote("coupon", to: desk.open("coupon", 1, signature: 7))
    let bound = try desk.bind("coupon").get()
    desk.promote("coupon", to: desk.open("coupon", 2, signature: 8))
    #expect(desk.submit(1, bound, at: 0, signature: 7) == .refused(.rebindRequired))
    #expect(desk.submit(2, bound, at: 1, signature: 7) == .refused(.rebindRequired))
    let again = try desk.bind("coupon").get()
    #expect(desk.submit(3, again, at: 2, signature: 8) == .accepted(parts: 1, wake: nil))
  }

  @Test("an exact version is served as long as some alias points to it")
  func exactVersion() throws {
    var desk = Desk()
    let first = desk.open("coupon", 1)
    desk.promote("coupon", to: first)
    let exact = try desk.bind("coupon", version: 1).get()
    #expect(desk.bind("coupon", version: 2) == .failure(.unknownVersion))
    #expect(desk.submit(1, exact, at: 0) == .accepted(parts: 1, wake: nil))
    desk.promote("coupon", to: desk.open("coupon", 2))
    #expect(desk.submit(2, exact, at: 1) == .refused(.versionGone))
    #expect(desk.take(at: 2) == [1])
    desk.finish()
    _ = desk.close(first)
    // Version 3 gets the place of version 1; the old handle must not reach it.
    let third = desk.open("coupon", 3)
    #expect(third == first)
    desk.promote("coupon", to: third)
    #expect(desk.submit(3, exact, at: 3) == .refused(.versionGone))
    #expect(desk.dispatcher.isIdle)
  }

  @Test("a handle of an exact version is good again when the version comes back, wherever it lies")
  func comeback() throws {
    var desk = Desk()
    let first = desk.open("coupon", 1)
    desk.promote("coupon", to: first)
    let exact = try desk.bind("coupon", version: 1).get()
    desk.promote("coupon", to: desk.open("coupon", 2))
    _ = desk.close(first)
    desk.promote("other", to: desk.open("other", 1))
    #expect(desk.submit(1, exact, at: 0) == .refused(.versionGone))
    let again = desk.open("coupon", 1)
    #expect(again != first)
    desk.promote("coupon", to: again)
    #expect(desk.submit(2, exact, at: 1) == .accepted(parts: 1, wake: nil))
    #expect(try desk.bind("coupon", version: 1).get() == exact)
    #expect(desk.take(at: 2) == [2])
    #expect(desk.batch.lane == again)
  }

  @Test("two aliases share a version, which lives until both have left")
  func sharedVersion() {
    var desk = Desk()
    let lane = desk.open("coupon", 1)
    desk.promote("coupon", to: lane)
    desk.promote("coupon", alias: "canary", to: lane)
    desk.promote("coupon", to: nil)
    #expect(desk.dispatcher.drainedLanes.isEmpty)
    #expect(desk.bind("coupon") == .failure(.unknownAlias))
    desk.promote("coupon", alias: "canary", to: nil)
    #expect(desk.dispatcher.drainedLanes == [lane])
  }

  @Test("a rollback during the drain brings the old version back to life")
  func rollback() throws {
    var desk = Desk()
    let first = desk.open("coupon", 1)
    desk.promote("coupon", to: first)
    let bound = try desk.bind("coupon").get()
    desk.promote("coupon", to: desk.open("coupon", 2))
    desk.promote("coupon", to: first)
    #expect(desk.submit(1, bound, at: 0) == .accepted(parts: 1, wake: nil))
    #expect(desk.take(at: 1) == [1])
    #expect(desk.batch.lane == first)
  }

  @Test("there is a bound on live versions")
  func laneLimit() {
    var desk = Desk()
    for version in 1...UInt32(ServingLimits.lanesMax) {
      #expect(desk.open("coupon", version) >= 0)
    }
    #expect(desk.open("coupon", 1_000) == -1)
  }
}
