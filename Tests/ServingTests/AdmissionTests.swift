import Serving
import TesseraWire
import Testing

@Suite("Admission")
struct AdmissionTests {
  let admission = Admission(queueNanosecondsMax: 10_000_000, workers: 2)

  func backlog(queued: Int64, tickets: Int, running: Int64 = 0) -> Admission.Backlog {
    var backlog = Admission.Backlog()
    backlog.queuedNanoseconds = queued
    backlog.queuedTickets = tickets
    backlog.runningNanoseconds = running
    return backlog
  }

  @Test("a frame whose deadline has passed is refused, even by an idle server")
  func expired() {
    #expect(
      admission.decide(backlog: backlog(queued: 0, tickets: 0), cost: 1, deadline: 5, now: 5)
        == .deadlineExceeded)
  }

  @Test("an empty queue admits a frame that by itself exceeds the bound")
  func emptyQueue() {
    #expect(
      admission.decide(
        backlog: backlog(queued: 0, tickets: 0), cost: 1_000_000_000, deadline: .max, now: 0) == nil
    )
  }

  @Test("a full queue refuses, and says when half of it will be free")
  func full() {
    let full = backlog(queued: 20_000_001, tickets: 100, running: 2_000_000)
    #expect(
      admission.decide(backlog: full, cost: 1, deadline: .max, now: 0)
        == .overloaded(retryAfterMicroseconds: 6_000))
    #expect(admission.fullness(full) == 255)
  }

  @Test("a retry-after is at least a millisecond and at most a second")
  func retryAfterBounds() {
    #expect(admission.retryAfterMicroseconds(backlog(queued: 1, tickets: 1)) == 1_000)
    #expect(
      admission.retryAfterMicroseconds(backlog(queued: 1 << 50, tickets: 1)) == 1_000_000)
  }

  @Test("a frame that would wait past its deadline is refused at once")
  func tooLate() {
    let waiting = backlog(queued: 8_000_000, tickets: 10)
    #expect(
      admission.decide(backlog: waiting, cost: 100_000, deadline: 5_000_000, now: 0)?.code
        == .overloaded)
    #expect(admission.decide(backlog: waiting, cost: 100_000, deadline: 5_200_000, now: 0) == nil)
  }

  @Test("a frame that would wait past its deadline behind what runs already is refused at once")
  func tooLateBehindRunning() {
    let waiting = backlog(queued: 1_000_000, tickets: 10, running: 7_000_000)
    #expect(
      admission.decide(backlog: waiting, cost: 100_000, deadline: 5_000_000, now: 0)?.code
        == .overloaded)
    #expect(admission.decide(backlog: waiting, cost: 100_000, deadline: 5_200_000, now: 0) == nil)
  }

  @Test("where tickets really wait longer than estimated, less is admitted, and more again later")
  func slowness() {
    var waiting = backlog(queued: 8_000_000, tickets: 10)
    #expect(admission.decide(backlog: waiting, cost: 1, deadline: 8_100_000, now: 0) == nil)
    for _ in 0..<100 { waiting.observe(waited: 3_000_000, workAhead: 1_000_000) }
    #expect(abs(waiting.slowness - 3) < 0.1)
    #expect(admission.decide(backlog: waiting, cost: 1, deadline: 8_100_000, now: 0) != nil)
    #expect(admission.decide(backlog: waiting, cost: 1, deadline: .max, now: 0) != nil)
    for _ in 0..<100 { waiting.observe(waited: 1_000_000, workAhead: 1_000_000) }
    #expect(admission.decide(backlog: waiting, cost: 1, deadline: 8_100_000, now: 0) == nil)
    // A short queue teaches nothing: wake-ups weigh more than it does.
    waiting.observe(waited: 900_000, workAhead: 100_000)
    #expect(waiting.slowness < 1.1)
  }

  @Test("every refusal has a code of the protocol and says what to do")
  func refusals() {
    let all: [Refusal] = [
      .overloaded(retryAfterMicroseconds: 7), .tooLate(retryAfterMicroseconds: 7),
      .deadlineExceeded, .draining, .versionGone, .unknownAlias, .unknownVersion, .rebindRequired,
      .tooManyRows, .cancelled,
    ]
    for refusal in all {
      #expect(ErrorCode.all.contains(refusal.code))
      #expect(!refusal.code.closesConnection)
      #expect((refusal.retryAfterMicroseconds > 0) == (refusal.code.retry == .here))
      #expect(refusal.text.count > 20)
    }
  }
}
