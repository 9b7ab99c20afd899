import Serving
import TesseraWire
import Testing

/// A machine and the peer's side of a transcript. A class, because `#expect` copies what it looks at.
final class Peer {
  private var machine: ConnectionMachine
  var isFull = false

  init(credential: [UInt8] = [], limits: FrameLimits = .standard) {
    machine = ConnectionMachine(
      limits: limits, credential: credential, defaultDeadlineNanoseconds: 100_000_000, now: 0)
  }

  func send(_ kind: FrameKind, _ bytes: [UInt8]) -> ConnectionMachine.FrameAction {
    var frame: [UInt8] = []
    // Integers have no padding that `bytes` could expose.
    let body = unsafe bytes.span.bytes
    Frame.append(kind, requestID: 1, body: body, to: &frame)
    do throws(WireError) {
      let header = try unsafe FrameHeader(
        decoding: frame.span.bytes, accepting: machine.accepted)  // As above.
      return machine.received(header, body: body, isFull: isFull, now: 0)
    } catch {
      return machine.received(error)
    }
  }

  func send(_ body: some FrameBody) throws -> ConnectionMachine.FrameAction {
    var bytes: [UInt8] = []
    try body.encode(into: &bytes)
    return send(type(of: body).kind, bytes)
  }

  func score(handle: UInt8) -> ConnectionMachine.FrameAction {
    send(.score, [handle, 0, 1, 0, 0, 0, 0, 0, 0, 0])
  }

  func bound(_ model: String, slot: Int = 0, hash: UInt64 = 7) -> Int? {
    machine.bound(
      BoundModel(
        body: BindBody(.model, model, target: .alias("production")), slot: slot,
        signature: Signature(
          columns: [], outputs: [Output(name: "redeem", meaning: .probability)], eventsMax: 1,
          couponsMax: 1),
        signatureHash: hash))
  }

  var inFlight: Int { machine.inFlight }
  var capabilities: Capabilities { machine.capabilities }
  var isServing: Bool { machine.isServing }
  func model(handle: Int) -> BoundModel? { machine.model(handle: handle) }
  func submitted(heldBytes: Int = 100) { machine.submitted(heldBytes: heldBytes) }
  func answered(heldBytes: Int = 100) {
    machine.answered()
    machine.released(heldBytes: heldBytes)
  }
  func cancelled() { machine.answered() }
  func released(heldBytes: Int) { machine.released(heldBytes: heldBytes) }
  func mayRead() -> Bool { machine.mayRead() }
  func mayHandle(now: Int64) -> Bool { machine.mayHandle(now: now) }
  func isPaced(now: Int64) -> Bool { machine.isPaced(now: now) }
  func framesArrived(_ hasArrived: Bool) { machine.framesArrived(hasArrived) }
  func resumesReading(now: Int64) -> Bool { machine.resumesReading(now: now) }
  func deadline(budgetMicroseconds: Int, now: Int64) -> Int64 {
    machine.deadline(budgetMicroseconds: budgetMicroseconds, now: now)
  }
  func drain() -> Bool { machine.drain() }
  func beginClosing(now: Int64) { machine.beginClosing(now: now) }
  func received(_ error: WireError) -> ConnectionMachine.FrameAction { machine.received(error) }
  func repliesStalled(_ isStalled: Bool, now: Int64) {
    machine.repliesStalled(isStalled, now: now)
  }
  func readEnded(isMidFrame: Bool, completedFrame: Bool, now: Int64) {
    machine.readEnded(isMidFrame: isMidFrame, completedFrame: completedFrame, now: now)
  }
  func tick(now: Int64) -> ConnectionMachine.TimeAction { machine.tick(now: now) }
}

extension ConnectionMachine.FrameAction {
  /// The code of a `close`.
  var closing: ErrorCode? { if case .close(let error) = self { error.code } else { nil } }
  /// The error of a `refuse`.
  var error: WireError? { if case .refuse(let error) = self { error } else { nil } }
  /// The code of a `refuse` or a `decline`.
  var refused: ErrorCode? {
    switch self {
    case .refuse(let error): error.code
    case .decline(let refusal): refusal.code
    case .welcome, .bind, .score, .pong, .unbound, .cancel, .list, .close, .ignore: nil
    }
  }
}

@Suite("Connection")
struct ConnectionMachineTests {
  @Test("HELLO, BIND, SCORE, answer")
  func transcript() throws {
    let peer = Peer()
    #expect(try peer.send(HelloBody()) == .welcome(version: 1, []))
    let bind = BindBody(.model, "coupon", target: .alias("production"))
    #expect(try peer.send(bind) == .bind(bind))
    #expect(peer.bound("coupon") == 0)
    #expect(peer.score(handle: 0) == .score(handle: 0))
    peer.submitted()
    #expect(peer.send(.ping, [1, 2]) == .pong)
    #expect(peer.inFlight == 1)
    peer.answered()
    #expect(peer.inFlight == 0)
  }

  @Test("anything before HELLO closes, and so does a second HELLO")
  func helloFirst() throws {
    let early = Peer()
    #expect(early.send(.ping, []).closing == .expectedHello)
    let twice = Peer()
    #expect(try twice.send(HelloBody()) == .welcome(version: 1, []))
    #expect(try twice.send(HelloBody()).closing == .expectedHello)
  }

  @Test("a version range without 1 and a foreign magic are refused")
  func versions() throws {
    let newer = Peer()
    #expect(
      try newer.send(HelloBody(versionMin: 2, versionMax: 9)).closing == .unsupportedProtocol)
    let stranger = Peer()
    #expect(
      stranger.send(.hello, Array("GET / HT\u{1}\u{1}\0\0".utf8)).closing == .unsupportedProtocol)
  }

  @Test("a credential is asked for only when the server has one")
  func credentials() throws {
    let right = Peer(credential: [1, 2, 3])
    #expect(try right.send(HelloBody(credential: [1, 2, 3])) == .welcome(version: 1, []))
    let wrong = Peer(credential: [1, 2, 3])
    #expect(try wrong.send(HelloBody(credential: [1, 2, 4])).closing == .unauthenticated)
    let none = Peer(credential: [1, 2, 3])
    #expect(try none.send(HelloBody()).closing == .unauthenticated)
    let open = Peer()
    #expect(try open.send(HelloBody(credential: [9])) == .welcome(version: 1, []))
  }

  @Test("an unknown handle, a cut body and a reply kind each get their code")
  func badFrames() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    #expect(peer.score(handle: 3).refused == .unknownHandle)
    #expect(peer.send(.score, [1]).refused == .malformed)
    #expect(peer.send(.bind, []).refused == .malformed)
    #expect(peer.send(.scores, []).closing == .badFrame)
  }

  @Test("the same model keeps its handle; another signature gets a new one")
  func handles() throws {
    let peer = Peer(limits: FrameLimits(handlesMax: 2))
    #expect(peer.bound("coupon") == 0)
    #expect(peer.bound("coupon") == 0)
    #expect(peer.bound("coupon", hash: 8) == 1)
    #expect(peer.bound("other") == nil)
    #expect(peer.model(handle: 0)?.slot == 0)
    #expect(peer.model(handle: 0)?.signatureHash == 7)
    #expect(peer.model(handle: 1)?.signatureHash == 8)
    #expect(peer.model(handle: 2) == nil)
  }

  @Test("requests in flight are bounded")
  func inFlight() throws {
    let peer = Peer(limits: FrameLimits(inFlightMax: 2))
    _ = try peer.send(HelloBody())
    _ = peer.bound("coupon")
    for _ in 0..<2 {
      #expect(peer.score(handle: 0) == .score(handle: 0))
      peer.submitted()
    }
    #expect(peer.score(handle: 0).refused == .tooManyInFlight)
    peer.answered()
    #expect(peer.score(handle: 0) == .score(handle: 0))
  }

  @Test("a peer that sends no HELLO is closed after its time, whatever else it sends")
  func helloTimeout() {
    let peer = Peer()
    peer.readEnded(isMidFrame: true, completedFrame: false, now: 4_900_000_000)
    #expect(peer.tick(now: 4_999_999_999) == .none)
    let action = peer.tick(now: 5_000_000_000)
    #expect(action == .close(WireError(.timeout, "no HELLO within 5000 ms")))
  }

  @Test("a frame has a time from its first byte; a byte now and then does not extend it")
  func slowFrame() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    for second in 0...4 {
      peer.readEnded(
        isMidFrame: true, completedFrame: false, now: Int64(second) * 1_000_000_000)
    }
    #expect(peer.tick(now: 4_999_999_999) == .none)
    // The server itself holds the stream back: not the peer's fault.
    peer.submitted(heldBytes: ServingLimits.heldBytesMax + 1)
    #expect(!peer.mayRead())
    #expect(peer.tick(now: 9_000_000_000) == .none)
    peer.answered(heldBytes: ServingLimits.heldBytesMax + 1)
    #expect(peer.resumesReading(now: 9_000_000_000))
    #expect(peer.tick(now: 13_000_000_000) == .none)
    guard case .close(let error) = peer.tick(now: 14_000_000_000) else {
      Issue.record("a slow frame was not closed")
      return
    }
    #expect(error.code == .timeout)
  }

  @Test("a peer that does not read its replies is cut off")
  func stalledReplies() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    peer.repliesStalled(true, now: 1_000_000_000)
    peer.repliesStalled(true, now: 5_000_000_000)
    #expect(peer.tick(now: 5_999_999_999) == .none)
    #expect(peer.tick(now: 6_000_000_000) == .abort)
    peer.repliesStalled(false, now: 6_000_000_000)
    #expect(peer.tick(now: 60_000_000_000) == .none)
  }

  @Test("a connection that has too much unanswered is not read until enough is answered")
  func heldBytes() throws {
    let peer = Peer()
    #expect(peer.mayRead())
    peer.submitted(heldBytes: ServingLimits.heldBytesMax)
    #expect(peer.mayRead())
    peer.submitted(heldBytes: 1)
    #expect(!peer.mayRead())
    #expect(!peer.resumesReading(now: 1))
    peer.answered(heldBytes: 1)
    #expect(peer.resumesReading(now: 2))
    // What was asked for is done once.
    #expect(!peer.resumesReading(now: 3))
  }

  @Test("a peer that leaves its replies lying is not read; one that is closing is, to find its end")
  func unreadReplies() throws {
    let peer = Peer()
    peer.repliesStalled(true, now: 1)
    #expect(!peer.mayRead())
    #expect(!peer.resumesReading(now: 2))
    peer.beginClosing(now: 3)
    #expect(peer.resumesReading(now: 4))
    #expect(peer.mayRead())
  }

  @Test("a server without a place for another request says when to come back")
  func poolFull() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    _ = peer.bound("coupon")
    peer.isFull = true
    #expect(
      peer.score(handle: 0) == .decline(.overloaded(retryAfterMicroseconds: 1_000)))
    #expect(peer.score(handle: 1).refused == .unknownHandle)
    peer.isFull = false
    #expect(peer.score(handle: 0) == .score(handle: 0))
  }

  @Test("a request without a budget gets the server's deadline")
  func deadlines() {
    let peer = Peer()
    #expect(peer.deadline(budgetMicroseconds: 0, now: 5) == 100_000_005)
    #expect(peer.deadline(budgetMicroseconds: 20, now: 5) == 20_005)
    #expect(peer.deadline(budgetMicroseconds: Int(UInt32.max), now: 0) == 4_294_967_295_000)
  }

  @Test("while closing, frames are ignored, and the linger time ends it")
  func closing() throws {
    let peer = Peer()
    peer.beginClosing(now: 100)
    #expect(try peer.send(HelloBody()) == .ignore)
    #expect(peer.received(WireError(.badFrame, "")) == .ignore)
    #expect(!peer.isServing)
    #expect(peer.tick(now: 999_999_999) == .none)
    #expect(peer.tick(now: 1_000_000_100) == .abort)
  }

  @Test("while draining, new work is refused and PING is still answered")
  func draining() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    _ = peer.bound("coupon")
    #expect(peer.drain())
    #expect(!peer.drain())
    #expect(peer.score(handle: 0).refused == .draining)
    #expect(
      try peer.send(BindBody(.model, "coupon", target: .version(1))).refused == .draining)
    #expect(peer.send(.ping, []) == .pong)
  }

  @Test("a HELLO that comes while the server drains is told so, and the connection closes")
  func tooLate() throws {
    let peer = Peer()
    #expect(!peer.drain())
    #expect(try peer.send(HelloBody()).closing == .draining)
  }

  @Test("granted is what was asked for and is known, and only that lets a frame in")
  func capabilities() throws {
    let asked = Peer()
    let unknown = Capabilities(rawValue: 1 << 63)
    #expect(
      try asked.send(HelloBody(capabilities: [.listing, unknown]))
        == .welcome(version: 1, .listing))
    #expect(asked.capabilities == .listing)
    #expect(try asked.send(ListBody()) == .list(ListBody()))
    #expect(asked.send(.cancel, []).closing == .badFrame)
    let plain = Peer()
    #expect(plain.capabilities == [])
    _ = try plain.send(HelloBody())
    #expect(try plain.send(ListBody()).closing == .badFrame)
  }

  @Test("nothing is granted any more once the connection is closing")
  func capabilitiesEnd() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody(capabilities: .all))
    _ = peer.drain()
    #expect(peer.capabilities == .all)
    peer.beginClosing(now: 0)
    #expect(peer.capabilities == [])
  }

  @Test("UNBIND gives a handle back once; its frames are then refused at the handle")
  func unbind() throws {
    let peer = Peer(limits: FrameLimits(handlesMax: 1))
    _ = try peer.send(HelloBody())
    #expect(peer.bound("coupon") == 0)
    #expect(try peer.send(UnbindBody(handle: 0)) == .unbound)
    #expect(peer.score(handle: 0).error?.offset == 0)
    #expect(peer.score(handle: 0).refused == .unknownHandle)
    #expect(try peer.send(UnbindBody(handle: 0)).error?.offset == 0)
    #expect(try peer.send(UnbindBody(handle: 0)).refused == .unknownHandle)
    #expect(peer.send(.unbind, [0]).refused == .malformed)
    #expect(peer.bound("coupon") == 1)
  }

  @Test("UNBIND, LIST, CANCEL and PING are answered while the server drains")
  func drainingAnswers() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody(capabilities: .all))
    _ = peer.bound("coupon")
    _ = peer.drain()
    #expect(try peer.send(UnbindBody(handle: 0)) == .unbound)
    #expect(try peer.send(ListBody(.model, first: 3)) == .list(ListBody(.model, first: 3)))
    #expect(peer.send(.cancel, []) == .cancel)
    #expect(peer.send(.ping, []) == .pong)
  }

  @Test("what was cancelled is in flight no more, and held until no worker has it")
  func cancelled() throws {
    let peer = Peer(limits: FrameLimits(inFlightMax: 1))
    _ = try peer.send(HelloBody(capabilities: .cancelling))
    _ = peer.bound("coupon")
    peer.submitted(heldBytes: ServingLimits.heldBytesMax + 1)
    peer.cancelled()
    #expect(peer.inFlight == 0)
    #expect(peer.score(handle: 0) == .score(handle: 0))
    #expect(!peer.mayRead())
    peer.released(heldBytes: ServingLimits.heldBytesMax + 1)
    #expect(peer.resumesReading(now: 1))
  }

  @Test("a cut LIST is refused, and the connection goes on")
  func cutList() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody(capabilities: .listing))
    #expect(peer.send(.list, [0]).refused == .malformed)
    #expect(peer.isServing)
  }

  @Test("an object of an unknown kind is refused at its kind, whatever its name")
  func unknownKind() throws {
    let peer = Peer()
    _ = try peer.send(HelloBody())
    let bind = BindBody(ObjectKind(rawValue: 200), "coupon", target: .alias("production"))
    let answer = try peer.send(bind)
    #expect(answer.refused == .unknownObject)
    #expect(answer.error?.offset == 0)
    #expect(peer.isServing)
  }
}
