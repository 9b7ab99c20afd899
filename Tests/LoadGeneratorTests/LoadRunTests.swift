import LoadGenerator
import NIOCore
import TesseraClient
import TesseraWire
import Testing

/// Whole runs against a server that follows a script. Nothing here depends on how fast this machine is.
@Suite(.serialized) struct LoadRunTests {
  private func run(
    _ script: ScriptedServer.Script, pace: LoadPlan.Pace = .concurrency(4), connections: Int = 2,
    threads: Int = 1, seconds: Double = 0.3, warmupSeconds: Double = 0
  ) async throws -> (report: LoadReport, binds: Int) {
    let server = try await ScriptedServer(script)
    let plan = try LoadPlan(
      server: server.address, model: "coupon", pace: pace, connections: connections,
      threads: threads, seconds: seconds, warmupSeconds: warmupSeconds)
    let load = LoadRun(plan: plan, source: .synthetic(events: nil, coupons: 3, seed: 1))
    let report = try await load.run()
    try await server.stop()
    return (report, server.binds)
  }

  @Test func everyRequestIsScoredAndCountedForTheVersionThatDidIt() async throws {
    var script = ScriptedServer.Script()
    script.score = { .scores(version: $0.score < 10 ? 1 : 2) }
    let (report, binds) = try await run(script, threads: 2)
    #expect(report.isSuccess(allowingRefusals: false))
    #expect(report.versions["1"] == 10)
    #expect(report.versions["2"] == report.requests - 10)
    #expect(report.queueMicroseconds.median == 20 && report.computeMicroseconds.median == 100)
    #expect(report.couponsPerSecond == 3 * report.throughputPerSecond)
    #expect(binds == 2)
  }

  @Test func theWarmUpIsNotMeasured() async throws {
    var script = ScriptedServer.Script()
    script.score = { .scores(version: $0.score < 4 ? 1 : 2) }
    let (report, _) = try await run(script, warmupSeconds: 0.2)
    #expect(report.versions["1"] == nil)
    #expect(report.versions["2"] == report.requests)
  }

  @Test func anAnswerAfterTheEndIsScoredAndIsNoThroughput() async throws {
    var script = ScriptedServer.Script()
    script.score = { _ in .scoresLater(milliseconds: 600) }
    let (report, _) = try await run(script, pace: .concurrency(2), seconds: 0.1)
    #expect(report.isSuccess(allowingRefusals: false))
    #expect(report.outcomes["SCORES"] == 2)
    #expect(report.throughputPerSecond == 0)
  }

  @Test func aChangedSignatureIsBoundAgainAndTheRequestSentOnceMore() async throws {
    var script = ScriptedServer.Script()
    script.bound = { bind in
      var signature = ScriptedServer.signature
      if bind > 0 { signature.eventsMax = 3 }
      return BoundBody(
        handle: UInt16(bind + 1), version: UInt32(bind + 1), signature: signature)
    }
    script.score = { question in
      question.score >= 20 && question.handle == 1
        ? .refuse(.rebindRequired) : .scores(version: UInt32(question.handle))
    }
    let (report, binds) = try await run(script, connections: 1)
    #expect(report.isSuccess(allowingRefusals: false))
    #expect(binds == 2 && report.rebinds == 1)
    #expect(report.outcomes.keys.sorted() == ["SCORES"])
    #expect(report.versions["1"] == 20)
  }

  @Test func aRequestThatIsRefusedForItsSignatureTwiceHasFailed() async throws {
    var script = ScriptedServer.Script()
    script.score = { $0.score < 2 ? .refuse(.rebindRequired) : .scores(version: 1) }
    let (report, _) = try await run(script, pace: .concurrency(1), connections: 1)
    #expect(report.outcomes["REBIND_REQUIRED"] == 1)
    #expect(report.failed == 1)
  }

  @Test func aBusyServersRefusalsAreCountedApartFromFailures() async throws {
    var script = ScriptedServer.Script()
    script.score = { $0.score % 2 == 0 ? .refuse(.overloaded) : .scores(version: 1) }
    let (report, _) = try await run(script)
    #expect(report.refused > 0 && report.failed == 0)
    #expect(report.outcomes["OVERLOADED"] == report.refused)
    #expect(report.isSuccess(allowingRefusals: true))
  }

  @Test func whatWasUnansweredOnALostConnectionHasFailedAndTheOthersGoOn() async throws {
    var script = ScriptedServer.Script()
    script.score = { $0.score == 10 ? .close : .scores(version: 1) }
    let (report, _) = try await run(script)
    #expect((1...2).contains(report.outcomes["CONNECTION_LOST", default: 0]))
    #expect(report.failed == report.outcomes["CONNECTION_LOST"])
    #expect(report.seconds > 0.25)
    #expect(report.firstFault == "CONNECTION_LOST: the server closed the connection")
  }

  @Test func whatAServerThatDrainsLeavesUnansweredIsToldAsDraining() async throws {
    var script = ScriptedServer.Script()
    script.score = { $0.score == 10 ? .drain : .scores(version: 1) }
    let (report, _) = try await run(script)
    #expect((1...2).contains(report.outcomes["DRAINING", default: 0]))
    #expect(report.outcomes["CONNECTION_LOST"] == nil)
    #expect(report.failed == report.outcomes["DRAINING"])
    #expect(report.firstFault == "DRAINING: as the script says")
  }

  @Test func whenNoConnectionIsLeftTheRunEndsAtOnce() async throws {
    var script = ScriptedServer.Script()
    script.score = { _ in .close }
    let (report, _) = try await run(script, seconds: 60)
    #expect(report.seconds < 30)
    #expect(!report.isSuccess(allowingRefusals: true))
  }

  @Test func openLoopLatencyCountsFromWhenARequestWasDueAndWhatCouldNotBeSentHasFailed()
    async throws
  {
    var script = ScriptedServer.Script()
    script.limits.inFlightMax = 1
    script.score = { _ in .scoresLater(milliseconds: 50) }
    let (report, _) = try await run(
      script, pace: .rate(100), connections: 1, seconds: 0.5)
    // Fifty were due; each took a fiftieth of a second more than the one before it could wait.
    #expect(report.requests == 50)
    #expect(report.outcomes["NOT_SENT", default: 0] >= 38)
    #expect(report.latencyMicroseconds.max > 150_000)
    #expect(!report.isSuccess(allowingRefusals: true))
  }

  @Test func anOpenLoopSendsWhatIsDueAndNoMore() async throws {
    let (report, _) = try await run(
      ScriptedServer.Script(), pace: .rate(1_000), connections: 4, threads: 2, seconds: 0.4)
    #expect(report.requests == 400)
    #expect(report.isSuccess(allowingRefusals: false))
  }

  @Test func aStoppedRunReportsWhatItHas() async throws {
    let server = try await ScriptedServer(ScriptedServer.Script())
    let plan = try LoadPlan(
      server: server.address, model: "coupon", pace: .concurrency(2), seconds: 600,
      warmupSeconds: 0)
    let load = LoadRun(plan: plan, source: .synthetic(events: nil, coupons: nil, seed: 1))
    async let report = load.run { _ in load.stop() }
    #expect(try await report.isSuccess(allowingRefusals: false))
    #expect(try await report.seconds < 300)
    try await server.stop()
  }

  @Test func moreUnansweredRequestsThanTheServerGrantsAreRefusedBeforeTheRun() async throws {
    var script = ScriptedServer.Script()
    script.limits.inFlightMax = 1
    await #expect(throws: LoadError.self) { try await run(script) }
  }

  @Test func aServerThatIsNotThereIsAnError() async throws {
    let server = try await ScriptedServer(ScriptedServer.Script())
    try await server.stop()
    let plan = try LoadPlan(
      server: server.address, model: "coupon", pace: .concurrency(2), seconds: 1,
      warmupSeconds: 0)
    let load = LoadRun(plan: plan, source: .synthetic(events: nil, coupons: nil, seed: 1))
    await #expect(
      throws: LoadError("\(server.address): no connection; is a server listening there?")
    ) {
      try await load.run()
    }
  }
}
