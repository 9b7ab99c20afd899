import Testing
import TesseraClient

@Suite("The pool")
struct PoolStateTests {
  /// Always the largest number, so that every pause is the longest that backoff allows.
  struct Highest: RandomNumberGenerator {
    mutating func next() -> UInt64 { .max }
  }

  /// Always the smallest.
  struct Lowest: RandomNumberGenerator {
    mutating func next() -> UInt64 { 0 }
  }

  static let refused = TesseraClientError(.connectionFailed, "connection refused")
  var random = Highest()

  static func pool(
    servers: Int = 1, connections: Int = 2, inFlightMax: Int = 100
  ) -> PoolState<String> {
    PoolState(
      servers: servers, connectionsPerServer: connections, inFlightMax: inFlightMax,
      backoff: Backoff(firstNanoseconds: 100, longestNanoseconds: 1_000))
  }

  static func said(_ action: LeaseAction) -> String {
    switch action {
    case .use(let id): "use \(id)"
    case .wait: "wait"
    case .refuse(let error): "refuse \(error.code)"
    }
  }

  static func said(_ assignments: [Assignment<String>]) -> [String] {
    assignments.map { assignment in
      switch assignment.result {
      case .success(let id): "\(assignment.waiter) uses \(id)"
      case .failure(let error): "\(assignment.waiter) fails with \(error.code)"
      }
    }
  }

  @Test("opens every seat at once, and gives the first open connection to those who wait")
  func firstRequests() {
    var pool = Self.pool(servers: 2, connections: 1)
    #expect(Self.said(pool.lease("first", deadline: 50, now: 0)) == "wait")
    #expect(Self.said(pool.lease("second", deadline: 60, now: 0)) == "wait")
    #expect(pool.openings(now: 0).map(\.server) == [0, 1])
    #expect(pool.openings(now: 0).isEmpty)
    #expect(Self.said(pool.opened(2, inFlightMax: 9, now: 0)) == ["first uses 2", "second uses 2"])
    #expect(Self.said(pool.lease("cat", deadline: 70, now: 0)) == "use 2")
  }

  @Test("uses the connection with the fewest unanswered requests, and equals in turn")
  func fewest() {
    var pool = Self.pool()
    _ = pool.openings(now: 0)
    _ = pool.opened(1, inFlightMax: 9, now: 0)
    _ = pool.opened(2, inFlightMax: 9, now: 0)
    #expect(Self.said(pool.lease("a", deadline: 9, now: 0)) == "use 1")
    #expect(Self.said(pool.lease("b", deadline: 9, now: 0)) == "use 2")
    #expect(Self.said(pool.lease("c", deadline: 9, now: 0)) == "use 1")
    pool.release(1)
    pool.release(1)
    #expect(Self.said(pool.lease("d", deadline: 9, now: 0)) == "use 1")
  }

  @Test("refuses more than its own limit, and more than the servers take, at once")
  func bounded() {
    var small = Self.pool(inFlightMax: 1)
    _ = small.lease("first", deadline: 9, now: 0)
    #expect(Self.said(small.lease("second", deadline: 9, now: 0)) == "refuse tooManyInFlight")
    var pool = Self.pool(connections: 1)
    _ = pool.openings(now: 0)
    _ = pool.opened(1, inFlightMax: 1, now: 0)
    _ = pool.lease("first", deadline: 9, now: 0)
    #expect(Self.said(pool.lease("second", deadline: 9, now: 0)) == "refuse tooManyInFlight")
    #expect(pool.outstanding == 1)
  }

  @Test("tells everyone at once when no server was ever reached")
  mutating func neverReached() {
    var pool = Self.pool()
    _ = pool.lease("first", deadline: 1_000, now: 0)
    _ = pool.openings(now: 0)
    #expect(pool.ended(1, because: Self.refused, now: 0, random: &random).isEmpty)
    #expect(
      Self.said(pool.ended(2, because: Self.refused, now: 0, random: &random))
        == ["first fails with connectionFailed"])
    #expect(pool.outstanding == 0)
  }

  @Test("lets requests wait for a server that was there before, until their deadline")
  mutating func comesBack() {
    var pool = Self.pool(connections: 1)
    _ = pool.openings(now: 0)
    _ = pool.opened(1, inFlightMax: 9, now: 0)
    _ = pool.ended(1, because: Self.refused, now: 1_000, random: &random)
    #expect(Self.said(pool.lease("first", deadline: 1_150, now: 0)) == "wait")
    #expect(Self.said(pool.lease("second", deadline: 5_000, now: 0)) == "wait")
    #expect(pool.nextWake == 1_100)
    #expect(pool.openings(now: 1_099).isEmpty)
    #expect(pool.openings(now: 1_100).map(\.connection) == [2])
    _ = pool.ended(2, because: Self.refused, now: 1_120, random: &random)
    #expect(Self.said(pool.expire(now: 1_150)) == ["first fails with connectionFailed"])
    #expect(pool.nextWake == 1_320, "the second failure in a row waits twice as long")
    #expect(pool.openings(now: 1_320).map(\.connection) == [3])
    #expect(Self.said(pool.opened(3, inFlightMax: 9, now: 0)) == ["second uses 3"])
  }

  @Test("a server that is down is told from one that is slow to answer")
  mutating func downOrSlow() {
    var pool = Self.pool(servers: 2, connections: 1)
    _ = pool.openings(now: 0)
    _ = pool.ended(1, because: Self.refused, now: 0, random: &random)
    _ = pool.lease("slow", deadline: 10, now: 0)
    #expect(Self.said(pool.expire(now: 10)) == ["slow fails with deadlineExceeded"])
    _ = pool.ended(2, because: Self.refused, now: 20, random: &random)
    _ = pool.lease("down", deadline: 30, now: 20)
    #expect(Self.said(pool.expire(now: 30)) == ["down fails with connectionFailed"])
    // Refused before, and tried again since: it is still down as far as anybody knows.
    #expect(pool.openings(now: 120).map(\.connection) == [3, 4])
    _ = pool.lease("tried again", deadline: 130, now: 120)
    let last = pool.expire(now: 130)
    #expect(Self.said(last) == ["tried again fails with connectionFailed"])
    guard case .failure(let error)? = last.first?.result else { return }
    #expect(error.underlying is TesseraClientError)
  }

  @Test("sends new requests to the other server while one drains, and counts the old ones down")
  mutating func draining() {
    var pool = Self.pool(servers: 2, connections: 1)
    _ = pool.openings(now: 0)
    _ = pool.opened(1, inFlightMax: 9, now: 0)
    _ = pool.opened(2, inFlightMax: 9, now: 0)
    #expect(Self.said(pool.lease("first", deadline: 9, now: 0)) == "use 1")
    _ = pool.ended(1, because: Self.refused, now: 0, random: &random)
    #expect(Self.said(pool.lease("second", deadline: 9, now: 0)) == "use 2")
    #expect(Self.said(pool.lease("cat", deadline: 9, now: 0)) == "use 2")
    pool.release(1)
    #expect(pool.outstanding == 2)
  }

  @Test("forgets those who were cancelled while they waited")
  func cancelled() {
    var pool = Self.pool()
    _ = pool.lease("first", deadline: 9, now: 0)
    _ = pool.lease("second", deadline: 9, now: 0)
    #expect(pool.giveUp { $0 == "first" } == ["first"])
    #expect(Self.said(pool.close()) == ["second fails with closed"])
    #expect(Self.said(pool.lease("cat", deadline: 9, now: 0)) == "refuse closed")
    #expect(pool.openings(now: 0).isEmpty && pool.nextWake == nil)
    #expect(pool.outstanding == 0)
  }

  @Test("waits twice as long after every failure, up to a limit, and at least half of it")
  mutating func backoff() {
    let backoff = Backoff(firstNanoseconds: 100, longestNanoseconds: 1_000)
    var lowest = Lowest()
    #expect(backoff.nanoseconds(failures: 0, random: &random) == 0)
    #expect(
      (1...6).map { backoff.nanoseconds(failures: $0, random: &random) } == [
        100, 200, 400, 800, 1_000, 1_000,
      ])
    #expect(
      (1...5).map { backoff.nanoseconds(failures: $0, random: &lowest) } == [
        50, 100, 200, 400, 500,
      ])
    #expect(backoff.nanoseconds(failures: .max, random: &random) == 1_000)
  }

  @Test(
    "a server that has refused is passed over for as long as it asked, unless no other has room")
  func fastRefuser() {
    var pool = Self.pool(servers: 2, connections: 1)
    _ = pool.openings(now: 0)
    _ = pool.opened(1, inFlightMax: 9, now: 0)
    _ = pool.opened(2, inFlightMax: 2, now: 0)
    #expect(Self.said(pool.lease("a", deadline: 99, now: 0)) == "use 1")
    pool.learn(.busy(nanoseconds: 50), from: 1, now: 0)
    pool.release(1)
    #expect(Self.said(pool.lease("b", deadline: 99, now: 1)) == "use 2")
    #expect(Self.said(pool.lease("c", deadline: 99, now: 49)) == "use 2")
    #expect(Self.said(pool.lease("d", deadline: 99, now: 49)) == "use 1")
    pool.release(1)
    pool.release(2)
    #expect(Self.said(pool.lease("e", deadline: 99, now: 50)) == "use 1")
  }

  @Test("a full server is given a fifth of what an empty one is given, while its word is fresh")
  func load() {
    var pool = Self.pool(servers: 2, connections: 1)
    _ = pool.openings(now: 0)
    _ = pool.opened(1, inFlightMax: 99, now: 0)
    _ = pool.opened(2, inFlightMax: 99, now: 0)
    pool.learn(.load(255), from: 1, now: 0)
    var used: [String: Int] = [:]
    for _ in 0..<12 { used[Self.said(pool.lease("a", deadline: 99, now: 1)), default: 0] += 1 }
    #expect(used == ["use 1": 2, "use 2": 10])
    let later: UInt64 = 1_000_000_000
    for _ in 0..<8 { #expect(Self.said(pool.lease("a", deadline: later, now: later)) == "use 1") }
  }
}
