import LoadGenerator
import TesseraClient
import Testing

@Suite struct LoadPlanTests {
  private func plan(
    _ pace: LoadPlan.Pace, connections: Int? = nil, threads: Int = 1, seconds: Double = 1
  ) throws(LoadError) -> LoadPlan {
    try LoadPlan(
      server: ServerAddress(host: "localhost", port: 1), model: "coupon", pace: pace,
      connections: connections, threads: threads, seconds: seconds, warmupSeconds: 0)
  }

  @Test func connectionsShareTheConcurrencyEvenlyAndNoneIsIdle() throws {
    let uneven = try plan(.concurrency(10), connections: 4)
    #expect((0..<4).compactMap { uneven.quota(connection: $0) } == [3, 3, 2, 2])
    #expect(try plan(.concurrency(3)).connections == 3)
    #expect(try plan(.concurrency(1_000)).connections == 64)
    #expect(throws: LoadError.self) { try plan(.concurrency(3), connections: 4) }
  }

  @Test func anOpenLoopHasNoQuota() throws {
    let open = try plan(.rate(100))
    #expect(open.connections == 16)
    #expect(open.quota(connection: 0) == nil)
  }

  @Test func thereAreNoMoreThreadsThanConnections() throws {
    #expect(try plan(.concurrency(2), threads: 8).threads == 2)
  }

  @Test func whatIsOutsideTheLimitsIsRefusedByItsFlag() {
    func message(_ make: () throws -> LoadPlan) -> String {
      do { return "\(try make())" } catch { return "\(error)" }
    }
    #expect(message { try plan(.concurrency(65_537)) }.hasPrefix("--concurrency is 65537"))
    #expect(message { try plan(.rate(0)) }.hasPrefix("--rate is 0.0"))
    #expect(message { try plan(.rate(.nan)) }.hasPrefix("--rate is nan"))
    #expect(message { try plan(.rate(1), connections: 10_001) }.hasPrefix("--connections is 10001"))
    #expect(message { try plan(.rate(1), seconds: 3_601) }.hasPrefix("--seconds is 3601"))
    #expect(message { try plan(.rate(1), threads: 0) }.hasPrefix("--threads is 0"))
  }
}
