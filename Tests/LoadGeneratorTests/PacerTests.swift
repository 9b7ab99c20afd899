import LoadGenerator
import Testing

@Suite struct PacerTests {
  @Test func aRequestIsDueAtItsPlaceInTheScheduleHoweverLateTheSenderIs() {
    var pacer = Pacer(start: 1_000, rate: 1_000)
    #expect(pacer.take(now: 999, end: .max) == nil)
    #expect(pacer.take(now: 1_000, end: .max) == 1_000)
    #expect(pacer.take(now: 1_000, end: .max) == nil)
    // Five milliseconds later five more are due, each at its own time.
    let late = (0..<9).compactMap { _ in pacer.take(now: 5_001_000, end: .max) }
    #expect(late == [1_001_000, 2_001_000, 3_001_000, 4_001_000, 5_001_000])
  }

  @Test func anHourOfAnUnevenRateDriftsByLessThanAMicrosecond() {
    var pacer = Pacer(start: 0, rate: 3)
    var last: UInt64 = 0
    while let due = pacer.take(now: .max, end: 3_600_000_000_000) { last = due }
    #expect(pacer.nextDue == 3_600_000_000_000)
    #expect(last == 3_599_666_666_667)
  }

  @Test func nothingIsDueFromTheEndOn() {
    var pacer = Pacer(start: 0, rate: 1_000)
    #expect(pacer.take(now: 10, end: 1_000_000) == 0)
    #expect(pacer.take(now: 2_000_000, end: 1_000_000) == nil)
  }

  @Test func whatWasDueAndNotTakenIsCountedAsMissed() {
    var pacer = Pacer(start: 1_000_000, rate: 1_000)
    #expect(pacer.missed(end: 0) == 0)
    #expect(pacer.missed(end: 1_000_000) == 0)
    #expect(pacer.missed(end: 1_000_001) == 1)
    #expect(pacer.missed(end: 11_000_000) == 10)
    for _ in 0..<4 { _ = pacer.take(now: .max, end: 11_000_000) }
    #expect(pacer.missed(end: 11_000_000) == 6)
    while pacer.take(now: .max, end: 11_000_000) != nil {}
    #expect(pacer.missed(end: 11_000_000) == 0)
  }

  @Test func whatIsSkippedIsNeitherDueNorMissedLater() {
    var pacer = Pacer(start: 0, rate: 1_000)
    #expect(pacer.take(now: .max, end: .max) == 0)
    #expect(pacer.skip(before: 5_000_000) == 4)
    #expect(pacer.take(now: .max, end: .max) == 5_000_000)
    #expect(pacer.missed(end: 10_000_000) == 4)
    #expect(pacer.skip(before: 1_000_000) == 0)
  }
}
