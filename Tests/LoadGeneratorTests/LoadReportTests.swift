import Foundation
import LoadGenerator
import TesseraClient
import Testing

@Suite struct LoadReportTests {
  private static let plan = try? LoadPlan(
    server: ServerAddress(host: "127.0.0.1", port: 7311), model: "coupon", pace: .concurrency(4),
    seconds: 2, warmupSeconds: 1)

  private func report(_ measured: Tally, warmup: Tally = Tally()) throws -> LoadReport {
    LoadReport(
      plan: try #require(Self.plan), measured: measured, warmup: warmup, seconds: 2, cpuShare: 0.25)
  }

  private func scored(_ count: Int, version: UInt32 = 1) -> Tally {
    var tally = Tally()
    for index in 1...count {
      tally.recordScores(
        ServerTimes(version: version, queueMicroseconds: 30, computeMicroseconds: 200), coupons: 8,
        latencyNanoseconds: UInt64(index) * 1_000_000, isInTime: index <= 900)
    }
    return tally
  }

  @Test func percentilesComeFromTheScoredRequestsAlone() throws {
    var tally = scored(1_000)
    tally.record(.refused(.overloaded), count: 5_000, text: "full")
    let latency = try report(tally).latencyMicroseconds
    // Three significant digits: a thousandth.
    #expect(abs(latency.p50 - 500_000) <= 500)
    #expect(abs(latency.p99 - 990_000) <= 990)
    #expect(abs(latency.p999 - 999_000) <= 999)
    #expect(abs(latency.max - 1_000_000) <= 1_000)
  }

  @Test func throughputCountsWhatWasAnsweredBeforeTheEndAlone() throws {
    let report = try report(scored(1_000))
    #expect(report.throughputPerSecond == 450)
    #expect(report.couponsPerSecond == 3_600)
    #expect(report.requests == 1_000)
  }

  @Test func aBusyServersRefusalsAreFailuresUnlessAllowed() throws {
    var tally = scored(10)
    tally.record(.refused(.overloaded), text: "full")
    tally.record(.refused(.deadlineExceeded), text: "late")
    let report = try report(tally)
    #expect(report.refused == 2 && report.failed == 0)
    #expect(!report.isSuccess(allowingRefusals: false))
    #expect(report.isSuccess(allowingRefusals: true))
  }

  @Test(arguments: [
    Outcome.connectionLost, .noAnswer, .notSent, .badReply, .refused(.badValue),
    .refused(.rebindRequired), .refused(.draining), .refused(.tooManyInFlight),
  ])
  func everyOtherOutcomeIsAFailureWhateverIsAllowed(_ outcome: Outcome) throws {
    var tally = scored(10)
    tally.record(outcome, text: "")
    #expect(try !report(tally).isSuccess(allowingRefusals: true))
  }

  @Test func aFailureInTheWarmUpFailsTheRun() throws {
    var warmup = Tally()
    warmup.record(.connectionLost, text: "reset")
    let report = try report(scored(10), warmup: warmup)
    #expect(report.failed == 1 && report.failedInWarmup == 1)
    #expect(report.firstFault == "CONNECTION_LOST: reset")
    #expect(!report.isSuccess(allowingRefusals: true))
  }

  @Test func aRunWithoutAnAnswerIsNoSuccess() throws {
    #expect(try !report(Tally()).isSuccess(allowingRefusals: true))
    #expect(try report(Tally()).text.contains("No request was scored."))
  }

  @Test func threadsAddUp() throws {
    var sum = scored(10, version: 1)
    var other = scored(20, version: 2)
    other.record(.refused(.overloaded), text: "full")
    other.record(.connectionLost, text: "reset")
    sum.add(other)
    sum.add(scored(5, version: 1))
    let report = try report(sum)
    #expect(report.versions == ["1": 15, "2": 20])
    #expect(report.outcomes == ["SCORES": 35, "OVERLOADED": 1, "CONNECTION_LOST": 1])
    #expect(report.firstFault == "CONNECTION_LOST: reset")
  }

  @Test func theReportForProgramsReadsBackAsItWasWritten() throws {
    var tally = scored(10)
    tally.record(.noAnswer, count: 3, text: "silence")
    let report = try report(tally)
    let json = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(LoadReport.self, from: json) == report)
    #expect(String(decoding: json, as: UTF8.self).contains(#""p99.9":"#))
  }

  @Test func theReportForPeopleNamesVersionsOutcomesAndTheVerdict() throws {
    var tally = scored(1_200, version: 7)
    tally.add(scored(1, version: 10))
    let text = try report(tally).text
    #expect(text.contains("coupon@production at 127.0.0.1:7311: 4 requests at a time"))
    #expect(text.contains("version 7: 1,200   version 10: 1"))
    #expect(text.contains("p50 600"))
    #expect(text.contains("queued 30 µs, computed 200 µs"))
    #expect(text.hasSuffix("No request failed."))
  }
}
