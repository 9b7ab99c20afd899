import Testing
import TesseraClient
import TesseraWire

@Suite("A connection")
struct ConnectionStateMachineTests {
  @Test("greets, binds once for everyone who asks, and then sends")
  func greeting() {
    var it = ConnectionTranscript()
    #expect(it.asks("first").said == "refuse connectionFailed")
    it.machine.opened()
    #expect(it.binds("coupon", for: "first").said == "refuse connectionFailed")
    #expect(it.hears(.welcome(ConnectionTranscript.welcome())) == "ready for 4")
    let bind = it.binds("coupon", for: "first")
    #expect(bind.said == "send")
    #expect(it.binds("coupon", for: "second").said == "join")
    #expect(
      it.hears(.bound(requestID: bind.id, ConnectionTranscript.body(handle: 1)))
        == #"["first", "second"] bound to 1"#)
    #expect(it.binds("coupon", for: "cat").said == "bound to 1")
    #expect(it.asks("cat").said == "send")
  }

  @Test("gives replies to those who asked, whatever their order")
  func outOfOrder() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("first").id
    let second = it.asks("second").id
    #expect(it.hears(.scores(requestID: second)) == "scores for second")
    #expect(it.hears(.error(requestID: first, refusal(.overloaded))) == "first refused OVERLOADED")
    #expect(it.machine.inFlightCount == 0)
  }

  @Test("never uses a request id twice, and never 0")
  func ids() {
    var it = ConnectionTranscript.bound()
    var seen: Set<UInt64> = [0]
    for _ in 0..<1_000 {
      let id = it.asks("first").id
      #expect(seen.insert(id).inserted)
      _ = it.hears(.scores(requestID: id))
    }
  }

  @Test("refuses what would be more than the server takes at once")
  func bounded() {
    var it = ConnectionTranscript.bound(inFlightMax: 2)
    let first = it.asks("first").id
    _ = it.asks("second")
    #expect(it.asks("cat").said == "refuse tooManyInFlight")
    #expect(it.binds("other", for: "cat").said == "refuse tooManyInFlight")
    _ = it.hears(.scores(requestID: first))
    #expect(it.asks("cat").said == "send")
  }

  @Test("binds again after REBIND_REQUIRED, once for all who are told")
  func rebind() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("first").id
    let second = it.asks("second").id
    #expect(
      it.hears(.error(requestID: first, refusal(.rebindRequired)))
        == "first refused REBIND_REQUIRED")
    let bind = it.binds("coupon", for: "first")
    #expect(bind.said == "send")
    #expect(
      it.hears(.error(requestID: second, refusal(.rebindRequired)))
        == "second refused REBIND_REQUIRED")
    #expect(it.binds("coupon", for: "second").said == "join")
    #expect(
      it.hears(.bound(requestID: bind.id, ConnectionTranscript.body(handle: 2)))
        == #"["first", "second"] bound to 2"#)
  }

  @Test("tells everyone when a model is unknown, and asks anew the next time")
  func unknownModel() {
    var it = ConnectionTranscript.bound()
    let bind = it.binds("other", for: "first")
    _ = it.binds("other", for: "second")
    #expect(
      it.hears(.error(requestID: bind.id, refusal(.unknownObject)))
        == #"["first", "second"] refused UNKNOWN_OBJECT"#)
    #expect(it.binds("other", for: "first").said == "send")
  }

  @Test("is replaced when the server remembers no more handles for it")
  func handlesUsedUp() {
    var it = ConnectionTranscript.bound()
    let bind = it.binds("other", for: "first")
    #expect(
      it.hears(.error(requestID: bind.id, refusal(.limit))) == #"["first"] refused LIMIT"#)
    #expect(it.asks("second").said == "refuse draining")
    #expect(it.machine.isDrained() == true)
  }

  @Test("finishes what is in flight after GOAWAY, sends nothing new, and is then done")
  func goAway() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("first").id
    #expect(it.hears(.goAway(GoAwayBody(code: .draining, text: "bye"))) == "drain: bye")
    #expect(it.asks("second").said == "refuse draining")
    #expect(it.binds("coupon", for: "second").said == "refuse draining")
    #expect(it.machine.isDrained() == false)
    #expect(it.hears(.scores(requestID: first)) == "scores for first")
    #expect(it.machine.isDrained() == true)
  }

  @Test("treats a DRAINING refusal like GOAWAY")
  func drainingRefusal() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("first").id
    #expect(it.hears(.error(requestID: first, refusal(.draining))) == "first refused DRAINING")
    #expect(it.asks("first").said == "refuse draining")
    #expect(it.machine.isDrained() == true)
  }

  @Test("names everyone who still waits when the socket goes, with one reason for all")
  func lost() {
    var it = ConnectionTranscript.bound()
    _ = it.asks("first")
    _ = it.binds("other", for: "second")
    let gone = it.machine.closed(reason: TesseraClientError(.connectionLost, "reset"))
    #expect(Set(gone) == ["first", "second"])
    _ = it.machine.closed(reason: TesseraClientError(.closed, "later"))
    #expect(it.machine.closeReason?.code == .connectionLost)
    #expect(it.asks("cat").said == "refuse connectionLost")
    #expect(it.hears(.scores(requestID: 1)) == "nothing")
  }

  @Test("lets go of those whose deadline has passed, and drops their late replies")
  func expiry() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("first", deadline: 10).id
    _ = it.asks("second", deadline: 20)
    let early = it.machine.expire(now: 9)
    #expect(early.expired.isEmpty && early.next == 10)
    let later = it.machine.expire(now: 10)
    #expect(later.expired == ["first"] && later.next == 20)
    #expect(it.machine.inFlightCount == 2, "the server still works on first's request")
    #expect(it.hears(.scores(requestID: first)) == "nothing")
    #expect(it.machine.inFlightCount == 1)
  }

  @Test("lets go of those whose BIND is not answered in time")
  func bindExpiry() {
    var it = ConnectionTranscript.bound()
    let bind = it.binds("other", for: "first", deadline: 10).id
    _ = it.binds("other", for: "second", deadline: 20)
    #expect(it.machine.expire(now: 15).expired == ["first"])
    #expect(
      it.hears(.bound(requestID: bind, ConnectionTranscript.body(handle: 2)))
        == #"["second"] bound to 2"#)
  }

  @Test("is given up when a reply stays away long after its deadline")
  func stuckServer() {
    var it = ConnectionTranscript.bound()
    _ = it.asks("first", deadline: 10)
    let silence = it.machine.expire(now: 10).next
    #expect(silence == 5_000_000_010)
    #expect(it.machine.expire(now: 5_000_000_009).close == nil)
    #expect(it.machine.expire(now: 5_000_000_010).close?.code == .connectionLost)
  }

  @Test(
    "asks a silent server whether it is there, once at a time, and gives it up without an answer")
  func silentServer() {
    var it = ConnectionTranscript.bound()
    let ping = it.machine.ping(now: 10)
    #expect(ping != nil)
    #expect(it.machine.ping(now: 11) == nil)
    #expect(it.hears(.pong(requestID: ping ?? 0)) == "nothing")
    #expect(it.machine.expire(now: 9_000_000_000).close == nil)
    #expect(it.machine.ping(now: 9_000_000_000) != nil)
    #expect(it.machine.expire(now: 13_999_999_999).close == nil)
    #expect(it.machine.expire(now: 14_000_000_000).close?.code == .connectionLost)
  }

  @Test("does not ask a server that it is not connected to")
  func noPing() {
    var it = ConnectionTranscript()
    #expect(it.machine.ping(now: 10) == nil)
    it.machine.opened()
    #expect(it.machine.ping(now: 10) == nil)
  }

  @Test("drops the replies of those who were cancelled")
  func cancelled() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("first").id
    _ = it.binds("other", for: "first")
    #expect(it.machine.abandon { $0 == "first" } == ["first", "first"])
    #expect(it.hears(.scores(requestID: first)) == "nothing")
  }

  @Test("does not stay open for replies that nobody waits for")
  func drainedByCancellation() {
    var it = ConnectionTranscript.bound()
    _ = it.asks("first")
    it.machine.drain()
    #expect(it.machine.isDrained() == false)
    _ = it.machine.abandon { $0 == "first" }
    #expect(it.machine.isDrained() == true)
  }

  @Test(
    "closes on whatever the protocol does not allow",
    arguments: [
      Reply.welcome(ConnectionTranscript.welcome()),
      .scores(requestID: 77),
      .bound(requestID: 77, ConnectionTranscript.body(handle: 1)),
      .error(requestID: 77, refusal(.overloaded)),
      .pong(requestID: 77),
      .unexpected(.score),
    ])
  func violations(reply: Reply) {
    var it = ConnectionTranscript.bound()
    #expect(it.hears(reply) == "close protocolViolation")
  }

  @Test("closes when SCORES answer a BIND, or BOUND a SCORE")
  func crossedReplies() {
    var it = ConnectionTranscript.bound()
    #expect(
      it.hears(.scores(requestID: it.binds("x", for: "first").id)) == "close protocolViolation")
    var other = ConnectionTranscript.bound()
    let id = other.asks("first").id
    #expect(
      other.hears(.bound(requestID: id, ConnectionTranscript.body(handle: 2)))
        == "close protocolViolation")
  }

  @Test("whoever is answered with the wrong kind of reply is told when the connection closes")
  func crossedReplyAndTheCaller() {
    let replies: [(UInt64) -> Reply] = [
      { .bound(requestID: $0, ConnectionTranscript.body(handle: 2)) },
      { .listed(requestID: $0, ListedBody(total: 0, first: 0, entries: [])) },
      { .pong(requestID: $0) },
    ]
    for reply in replies {
      var it = ConnectionTranscript.bound()
      let id = it.asks("first").id
      #expect(it.hears(reply(id)) == "close protocolViolation")
      #expect(it.machine.closed(reason: TesseraClientError(.closed, "over")) == ["first"])
    }
  }

  @Test("closes when the greeting is refused, with the server's reason")
  func refusedGreeting() {
    var it = ConnectionTranscript()
    it.machine.opened()
    #expect(it.hears(.error(requestID: 0, refusal(.unauthenticated))) == "close unauthenticated")
    var other = ConnectionTranscript()
    other.machine.opened()
    #expect(other.hears(.scores(requestID: 1)) == "close protocolViolation")
    var newer = ConnectionTranscript()
    newer.machine.opened()
    #expect(
      newer.hears(.welcome(WelcomeBody(version: 2, times: .fake, serverName: "new")))
        == "close protocolViolation")
  }

  @Test("closes on the codes after which the server closes too")
  func closingCodes() {
    for code in ErrorCode.all where code.closesConnection {
      var it = ConnectionTranscript.bound()
      let id = it.asks("first").id
      #expect(it.hears(.error(requestID: id, refusal(code))).hasPrefix("close "))
    }
  }

  @Test("who stops waiting is told to the server once, where it takes CANCEL")
  func cancels() {
    var it = ConnectionTranscript.bound()
    let first = it.asks("Ada", deadline: 10)
    let second = it.asks("Ben", deadline: 50)
    #expect(it.machine.expire(now: 10).expired == ["Ada"])
    #expect(it.machine.takeCancellations() == [first.id])
    #expect(it.machine.takeCancellations() == [])
    #expect(it.machine.abandon { $0 == "Ben" } == ["Ben"])
    #expect(it.machine.takeCancellations() == [second.id])
    #expect(it.hears(.error(requestID: first.id, refusal(.cancelled))) == "nothing")
    #expect(it.hears(.scores(requestID: second.id)) == "nothing")
  }

  @Test("nothing is cancelled, and nothing listed, where that was not granted")
  func ungranted() {
    var it = ConnectionTranscript()
    it.machine.opened()
    _ = it.hears(.welcome(ConnectionTranscript.welcome(capabilities: [])))
    let bind = it.binds("coupon", for: "Ada")
    _ = it.hears(.bound(requestID: bind.id, ConnectionTranscript.body(handle: 1)))
    _ = it.asks("Ada", deadline: 10)
    _ = it.machine.expire(now: 10)
    #expect(it.machine.takeCancellations() == [])
    guard case .refuse(let error) = it.machine.list(deadline: 100, caller: "Ada") else {
      Issue.record("LIST was sent")
      return
    }
    #expect(error.code == .unsupported)
  }

  @Test("a server that grants what was not asked for is not spoken to")
  func unaskedCapability() {
    var it = ConnectionTranscript()
    it.machine.opened()
    let unknown = Capabilities(rawValue: 1 << 63)
    #expect(
      it.hears(.welcome(ConnectionTranscript.welcome(capabilities: unknown)))
        == "close protocolViolation")
  }

  @Test("LIST is answered to who asked")
  func lists() {
    var it = ConnectionTranscript.bound()
    guard case .send(let id) = it.machine.list(deadline: 100, caller: "Ada") else {
      Issue.record("LIST was not sent")
      return
    }
    let body = ListedBody(total: 3, first: 0, entries: [])
    #expect(it.hears(.listed(requestID: id, body)) == "Ada sees 3 aliases")
    #expect(it.hears(.listed(requestID: id, body)) == "close protocolViolation")
  }
}
