// The client's connection under any sequence of calls, replies and expiries. What must hold: every caller is answered exactly
// once, whatever the server sends; no more is in flight than the server granted; nobody is left when it is closed.
//
// Input: a program of events.

import NIOCore
import TesseraClient
import TesseraWire

func testClient(_ bytes: [UInt8]) {
  var input = FuzzedInput(bytes)
  var game = FuzzedClient()
  while !input.isEmpty, !game.isOver { game.play(&input) }
  game.close()
}

private struct FuzzedClient: ~Copyable {
  private var machine = ConnectionStateMachine()
  private var now: UInt64 = 0
  /// Callers that wait. Each is a number that is used once.
  private var waiting: Set<CallerID> = []
  private var callers: UInt64 = 0
  /// Ids that were sent and not answered.
  private var sent: [UInt64] = []
  /// Ids that have been sent at some time: none is used twice.
  private var used: Set<UInt64> = []
  private(set) var isOver = false

  /// Whoever performs opens the socket first.
  init() { machine.opened() }

  mutating func play(_ input: inout FuzzedInput) {
    switch input.byte() % 16 {
    case 0, 1:
      let welcome = WelcomeBody(
        version: input.byte() % 4 == 3 ? 2 : 1,
        capabilities: Capabilities(rawValue: UInt64(input.byte() & 7)),
        limits: FrameLimits(inFlightMax: 1 + Int(input.byte() % 8)),
        times: .init(
          frameTimeoutMilliseconds: 1, defaultDeadlineMicroseconds: 1, drainMilliseconds: 1),
        serverName: "fuzz")
      receive(.welcome(welcome))
    case 2, 3:
      let caller = newCaller()
      take(
        machine.score(handle: UInt16(input.byte() % 4), deadline: later(&input), caller: caller),
        caller)
    case 4: bind(ModelReference(input.bool() ? "a" : "b"), &input)
    case 5:
      let caller = newCaller()
      take(machine.list(deadline: later(&input), caller: caller), caller)
    case 6: if let id = machine.ping(now: now) { send(id) }
    case 7: expire(after: UInt64(input.integer(UInt32.self)) << (input.byte() % 8))
    case 8:
      let modulus = 1 + UInt64(input.byte() % 4)
      finish(machine.abandon { $0.rawValue % modulus == 0 })
    case 9:
      for id in machine.takeCancellations() { expect(used.contains(id), "CANCEL of \(id)") }
    case 10: if input.byte() % 8 == 0 { machine.drain() }
    default: receive(reply(&input))
    }
    if machine.isDrained() { expect(waiting.isEmpty, "it is drained while somebody waits") }
    if let limits = machine.limits {
      // A PING may always be sent.
      expect(machine.inFlightCount <= limits.inFlightMax + 1, "more in flight than was granted")
    }
  }

  /// Everyone who still waits is told.
  mutating func close() {
    finish(machine.closed(reason: TesseraClientError(.closed, "fuzzed")))
    expect(waiting.isEmpty, "\(waiting.count) callers are never answered")
    expect(machine.inFlightCount == 0, "requests outlive the connection")
    isOver = true
  }

  // MARK: The near side

  private func later(_ input: inout FuzzedInput) -> UInt64 { now + UInt64(input.byte()) << 24 }

  private mutating func newCaller() -> CallerID {
    callers += 1
    let caller = CallerID(callers)
    waiting.insert(caller)
    return caller
  }

  private mutating func finish(_ callers: [CallerID]) {
    for caller in callers {
      expect(waiting.remove(caller) != nil, "caller \(caller.rawValue) is answered twice")
    }
  }

  private mutating func send(_ id: UInt64) {
    expect(id != 0 && used.insert(id).inserted, "the id \(id) is used twice")
    sent.append(id)
  }

  private mutating func take(_ action: SubmitAction, _ caller: CallerID) {
    switch action {
    case .send(let id): send(id)
    case .refuse: finish([caller])
    }
  }

  private mutating func bind(_ model: ModelReference, _ input: inout FuzzedInput) {
    let caller = newCaller()
    switch machine.bind(model, deadline: later(&input), caller: caller) {
    case .send(let id):
      send(id)
      // It could not be written after all.
      if input.byte() % 8 == 0 {
        finish(machine.withdrawBind(id, of: model))
        sent.removeLast()
      }
    case .join: break
    case .bound, .refuse: finish([caller])
    }
  }

  private mutating func expire(after nanoseconds: UInt64) {
    now += nanoseconds
    let action = machine.expire(now: now)
    finish(action.expired)
    if let next = action.next { expect(next > now, "it asks for a time that has passed") }
    if action.close != nil { close() }
  }

  // MARK: The far side

  /// A reply to what was asked, or to something else, or any frame.
  private mutating func reply(_ input: inout FuzzedInput) -> Reply {
    let id = input.byte() % 8 == 0 || sent.isEmpty ? input.integer() : input.choice(of: sent)
    switch input.byte() % 8 {
    case 0, 1: return .scores(requestID: id)
    case 2:
      let signature = Signature(
        columns: [], outputs: [Output(name: "score", meaning: .value)], eventsMax: 0, couponsMax: 1)
      return .bound(
        requestID: id, BoundBody(handle: UInt16(input.byte() % 4), version: 1, signature: signature)
      )
    case 3: return .listed(requestID: id, ListedBody(total: 0, first: 0, entries: []))
    case 4:
      // All that are known, and some that are not.
      let code = ErrorCode(rawValue: UInt16(input.byte() % 24))
      return .error(requestID: id, ErrorBody(code: code, text: "fuzzed"))
    case 5: return .pong(requestID: id)
    case 6 where input.byte() % 8 == 0: return .goAway(GoAwayBody(code: .draining, text: ""))
    default:
      let (kind, body) = (input.choice(of: FrameKind.allCases), input.take(Int(input.byte())))
      // Bytes have no padding that `bytes` could expose.
      let header = unsafe FrameHeader(kind: kind, requestID: id, body: body.span.bytes)
      return (try? Reply(header, body: ByteBuffer(bytes: body))) ?? .unexpected(.unbound)
    }
  }

  private mutating func receive(_ reply: Reply) {
    switch machine.received(reply) {
    case .none, .drain, .ready: break
    case .bound(_, _, let callers), .bindRefused(_, let callers): finish(callers)
    case .scores(let caller): finish([caller])
    case .listed(_, let caller), .listRefused(_, let caller), .scoreRefused(_, let caller),
      .bindingExpired(_, _, let caller):
      finish(caller.map { [$0] } ?? [])
    case .close:
      close()
      return
    }
    switch reply {
    case .bound(let id, _), .scores(let id), .listed(let id, _), .error(let id, _), .pong(let id):
      sent.removeAll { $0 == id }
    case .welcome, .goAway, .unexpected: break
    }
  }
}
