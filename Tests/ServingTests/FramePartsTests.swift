import Serving
import TesseraWire
import Testing

@Suite("Frames in parts")
struct FramePartsTests {
  private func mask(_ users: Int...) -> UserMask {
    var mask = UserMask()
    for user in users { mask.insert(user) }
    return mask
  }

  @Test("a ticket is 104 bytes, as the limits of a lane say")
  func ticketBytes() { #expect(MemoryLayout<Ticket>.stride == 104) }

  @Test("a frame of one part is answered by what became of it")
  func whole() {
    let endings: [(FrameParts.Ending, FrameParts.Answer)] = [
      (.scored, .scores(UserMask(first: 3))), (.refused(.draining), .refusal(.draining)),
      (.dropped, .nothing),
    ]
    for (ending, answer) in endings {
      var parts = FrameParts()
      let told = parts.end(UserMask(first: 3), ending)
      #expect(told == answer)
    }
  }

  @Test("a frame of several parts is answered once, when the last is done, in whatever order")
  func order() {
    var parts = FrameParts(open: 3)
    let (first, second) = (parts.end(mask(1), .scored), parts.end(mask(2), .refused(.tooManyRows)))
    #expect(first == nil && second == nil)
    let last = parts.end(mask(0, 3), .scored)
    #expect(last == .scores(mask(0, 1, 3)))
  }

  @Test("if no user was scored, the refusal of the first is the answer")
  func refused() {
    var parts = FrameParts(open: 2)
    _ = parts.end(mask(1, 2), .refused(.tooManyRows))
    let last = parts.end(mask(0, 3), .refused(.deadlineExceeded))
    #expect(last == .refusal(.deadlineExceeded))
  }

  /// Two versions that share the users of an alias.
  private func splitDesk() -> Desk {
    var desk = Desk()
    _ = desk.open("coupon", 1)
    _ = desk.open(
      "coupon", 2, rowsMax: RowCounts(users: 64, events: 640, coupons: 64, bagValues: 64))
    var change = Routes.Change()
    change.servedLanes = 0b11
    change.slots[0] = Routes.Slot(
      route: Route(
        shares: [.init(lane: 0, weight: 5_000), .init(lane: 1, weight: 5_000)], salt: 3),
      signatureHash: 7)
    desk.dispatcher.apply(change)
    return desk
  }

  private func submit(
    _ desk: inout Desk, eventsPerUser: Int, bagValues: Int = 0
  ) -> Dispatcher.Submission {
    let rows = RowCounts(
      users: 64, events: 64 * eventsPerUser, coupons: 64, bagValues: bagValues)
    return desk.dispatcher.submit(
      Ticket(
        request: RequestIndex(loop: 0, place: 9, generation: 0), userKey: 0, arrival: 0,
        deadline: 1_000_000_000, size: WorkSize(rows: rows)),
      to: 0, signatureHash: 7, now: 0,
      user: {
        FrameUser(
          key: UInt64($0),
          size: WorkSize(rows: RowCounts(users: 1, events: eventsPerUser, coupons: 1)))
      })
  }

  @Test(
    "a frame whose users go to two versions becomes two tickets with all users and rows between them"
  )
  func split() {
    var desk = splitDesk()
    let submission = submit(&desk, eventsPerUser: 10)
    #expect(submission == .accepted(parts: 2, wake: nil))
    var users = UserMask()
    var rows = RowCounts()
    for lane in [0, 1] {
      let taken = desk.take(at: 1)
      #expect(taken == [9])
      #expect(desk.batch.lane == lane)
      let ticket = desk.batch.tickets[0]
      #expect(ticket.userKey == UInt64(ticket.users.first))
      #expect(ticket.users.count == ticket.size.rows[.user])
      users.formUnion(ticket.users)
      rows = rows + ticket.size.rows
      desk.finish()
    }
    #expect(users == UserMask(first: 64))
    #expect(rows == RowCounts(users: 64, events: 640, coupons: 64))
    #expect(desk.dispatcher.backlog == Admission.Backlog())
  }

  /// Twenty users of a millisecond each.
  private func submitLong(
    _ request: UInt16, _ slot: Int, to desk: inout Desk, deadline: Int64 = 1_000_000_000
  ) -> Dispatcher.Submission {
    desk.submit(
      request, slot, at: 0, deadline: deadline, users: 20,
      each: RowCounts(users: 1, events: 98, coupons: 1))
  }

  private func longDesk() throws -> (Desk, slot: Int) {
    var desk = Desk(workers: 1, queueNanosecondsMax: 25_000_000)
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 10_000))
    return (desk, try desk.bind("coupon").get())
  }

  @Test("a long frame is computed in slices, and others that come have their turn between them")
  func slices() throws {
    var (desk, slot) = try longDesk()
    #expect(submitLong(1, slot, to: &desk) == .accepted(parts: 10, wake: nil))
    #expect(desk.submit(2, slot, at: 1, rows: 100) == .accepted(parts: 1, wake: nil))
    var order: [UInt16] = []
    var users = UserMask()
    while let taken = desk.take(at: 2) {
      order += taken
      for ticket in desk.batch.tickets where ticket.request.place == 1 {
        #expect(!users.contains(ticket.users.first))
        users.formUnion(ticket.users)
        #expect(ticket.cost <= ServingLimits.batchNanosecondsMax)
        #expect(ticket.users.count == ticket.size.rows[.user])
      }
      desk.finish()
    }
    #expect(order == [1, 2] + [UInt16](repeating: 1, count: 9))
    #expect(users == UserMask(first: 20))
    let backlog = desk.dispatcher.backlog
    #expect(backlog.queuedNanoseconds + backlog.restNanoseconds + backlog.runningNanoseconds == 0)
    #expect(desk.dispatcher.isIdle)
  }

  @Test("a short frame waits for one slice, however many long frames came before it")
  func longFramesInTurn() throws {
    var desk = Desk(workers: 1, queueNanosecondsMax: 1_000_000_000)
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 10_000))
    let slot = try desk.bind("coupon").get()
    for request in UInt16(1)...4 {
      #expect(submitLong(request, slot, to: &desk) == .accepted(parts: 10, wake: nil))
    }
    #expect(desk.take(at: 1) == [1])
    #expect(
      desk.submit(9, slot, at: 1, deadline: 8_000_000, rows: 100) == .accepted(parts: 1, wake: nil))
    desk.finish()
    var order: [UInt16] = []
    while let taken = desk.take(at: 2) {
      order += taken
      desk.finish()
    }
    #expect(order.firstIndex(of: 9) == 1)
    #expect(order.filter { $0 != 9 } == order.filter { $0 != 9 }.sorted(), "long ones in turn")
    #expect(order.count == 40)
    #expect(desk.dispatcher.isIdle)
  }

  @Test("each of many short frames waits for one slice: those that were taken let no second one in")
  func shortFramesBetweenSlices() throws {
    var desk = Desk(workers: 1, queueNanosecondsMax: 1_000_000_000)
    desk.promote("coupon", to: desk.open("coupon", 1, nanosecondsPerRow: 10_000))
    let slot = try desk.bind("coupon").get()
    for request in UInt16(1)...2 { _ = submitLong(request, slot, to: &desk) }
    var slicesBefore = 0
    var slices = 0
    for request in UInt16(10)..<26 {
      _ = desk.submit(request, slot, at: 1, rows: 10)
      while let taken = desk.take(at: 2) {
        desk.finish()
        if taken.contains(request) { break }
        slices += 1
      }
      #expect(slices - slicesBefore <= 1)
      slicesBefore = slices
    }
    #expect(slices > 8, "long frames have their turn, too")
  }

  @Test(
    "what a long frame leaves waiting has a bound of its own: the next is refused, a short one not")
  func restBound() throws {
    var (desk, slot) = try longDesk()
    #expect(submitLong(1, slot, to: &desk) == .accepted(parts: 10, wake: nil))
    guard case .refused(.overloaded) = submitLong(2, slot, to: &desk) else {
      Issue.record("a second long frame was admitted")
      return
    }
    // It waits for a slice, not for the rest.
    #expect(
      desk.submit(3, slot, at: 0, deadline: 5_000_000, rows: 100) == .accepted(parts: 1, wake: nil))
  }

  @Test("a lane drains when the last slice of a long frame is answered, not before")
  func drainsAfterRest() throws {
    var (desk, slot) = try longDesk()
    _ = submitLong(1, slot, to: &desk)
    desk.promote("coupon", to: nil)
    for _ in 0..<10 {
      #expect(desk.dispatcher.drainedLanes.isEmpty)
      _ = desk.take(at: 1)
      desk.finish()
    }
    #expect(desk.dispatcher.drainedLanes == [0])
  }

  @Test("users without a key are shared out like others, at each request anew")
  func keyless() {
    var desk = splitDesk()
    var first: [UserMask] = []
    for arrival in Int64(0)..<20 {
      let rows = RowCounts(users: 64, events: 64, coupons: 64)
      let submission = desk.dispatcher.submit(
        Ticket(
          request: RequestIndex(loop: 0, place: 9, generation: 0), userKey: 0, arrival: arrival,
          deadline: 1_000_000_000, size: WorkSize(rows: rows)),
        to: 0, signatureHash: 7, now: arrival,
        user: { _ in
          FrameUser(key: 0, size: WorkSize(rows: RowCounts(users: 1, events: 1, coupons: 1)))
        })
      #expect(submission == .accepted(parts: 2, wake: nil) || arrival == 0)
      _ = desk.take(at: arrival)
      first.append(desk.batch.tickets[0].users)
      desk.finish()
      _ = desk.take(at: arrival)
      desk.finish()
    }
    let share = first.reduce(0) { $0 + $1.count }
    #expect((500..<800).contains(share), "half of 1,280 expected")
    #expect(Set(first).count > 10)
  }

  @Test("if one version cannot take its part, none gets any")
  func allOrNothing() {
    var desk = splitDesk()
    let submission = submit(&desk, eventsPerUser: 60)
    #expect(submission == .refused(.tooManyRows))
    #expect(desk.dispatcher.isIdle)
  }

  @Test("each part brings all bag values of its frame, for nobody has counted them by user")
  func bagValues() {
    var desk = splitDesk()
    #expect(submit(&desk, eventsPerUser: 1, bagValues: 7) == .accepted(parts: 2, wake: nil))
    for _ in 0..<2 {
      _ = desk.take(at: 1)
      #expect(desk.batch.size.rows.bagValues == 7)
      desk.finish()
    }
  }

  @Test("each version counts what became of its requests, and a look begins anew")
  func outcomes() throws {
    var desk = Desk(workers: 1, queueNanosecondsMax: 25_000)
    desk.promote("coupon", to: desk.open("coupon", 3))
    let slot = try desk.bind("coupon").get()
    _ = desk.submit(1, slot, at: 0, deadline: 40)
    _ = desk.submit(2, slot, at: 0)
    _ = desk.submit(3, slot, at: 0)
    _ = desk.submit(4, slot, at: 0, signature: 8)
    _ = desk.take(at: 50)
    desk.finish()
    var versions: [VersionOutcomes] = []
    let unplaced = desk.dispatcher.collectOutcomes(into: &versions)
    #expect(unplaced.refused(.rebindRequired) == 1)
    #expect(unplaced.refusedInAll == 1)
    #expect(versions.map(\.model) == ["coupon"])
    #expect(versions.map(\.version) == [3])
    #expect(versions[0].outcomes.scored == 1)
    #expect(versions[0].outcomes.refused(.overloaded) == 1)
    #expect(versions[0].outcomes.refused(.deadlineExceeded) == 1)
    let again = desk.dispatcher.collectOutcomes(into: &versions)
    #expect(again.refusedInAll == 0)
    #expect(versions[1].outcomes.scored == 0)
  }
}
