// The server's connection under any sequence of frames, silences and ends. What must hold: nothing is done for a stranger
// or after the end; a SCORE is submitted at most once, for a handle that is bound, within the limits; the connection
// always ends when its peer falls silent.
//
// Input: a program of events.

import Serving
import TesseraWire

func testServer(_ bytes: [UInt8]) {
  var input = FuzzedInput(bytes)
  var connection = FuzzedConnection(&input)
  while !input.isEmpty { connection.play(&input) }
  connection.fallSilent()
}

private struct FuzzedConnection: ~Copyable {
  private static let limits = FrameLimits(inFlightMax: 4, handlesMax: 3)
  private static let timeouts = ConnectionTimeouts()
  private static let credential = Array("secret".utf8)
  private static let signature = Signature(
    columns: [], outputs: [Output(name: "score", meaning: .value)], eventsMax: 0, couponsMax: 1)

  private var machine: ConnectionMachine
  private let needsCredential: Bool
  private var now: Int64 = 1

  // What the machine should believe, kept in the plainest way.
  private var isGreeted = false
  private var isDraining = false
  private var hasEnded = false
  private var isClosed = false
  private var handles: Set<Int> = []
  /// Bytes that each accepted SCORE holds.
  private var unanswered: [Int] = []
  /// Answered, but a worker still has them.
  private var unreleased: [Int] = []

  init(_ input: inout FuzzedInput) {
    needsCredential = input.bool()
    machine = ConnectionMachine(
      limits: Self.limits, timeouts: Self.timeouts,
      credential: needsCredential ? Self.credential : [],
      defaultDeadlineNanoseconds: 1_000_000, now: now)
  }

  mutating func play(_ input: inout FuzzedInput) {
    switch input.byte() % 16 {
    case 0...6: receive(&input)
    case 7: pass(nanoseconds: Int64(input.integer(UInt32.self)) << (input.byte() % 8))
    case 8:
      guard let bytes = unanswered.popLast() else { return }
      machine.answered()
      unreleased.append(bytes)
    case 9: if let bytes = unreleased.popLast() { machine.released(heldBytes: bytes) }
    case 10:
      let isTold = machine.drain()
      expect(isTold == (isGreeted && !isDraining && !hasEnded), "GOAWAY at the wrong time")
      isDraining = true
    case 11: machine.repliesStalled(input.bool(), now: now)
    case 12:
      machine.framesArrived(input.bool())
      let reads = machine.mayRead()
      expect(reads == machine.isReading, "it may read and waits, or the other way round")
    case 13: if machine.resumesReading(now: now) { expect(machine.isReading, "it does not read") }
    case 14:
      machine.readEnded(isMidFrame: input.bool(), completedFrame: input.bool(), now: now)
    default:
      if input.byte() % 4 == 0 { end() }
    }
    check()
  }

  /// Whatever has been before: a peer of which nothing comes any more is let go.
  mutating func fallSilent() {
    machine.readEnded(isMidFrame: false, completedFrame: false, now: now)
    while unanswered.popLast() != nil { machine.answered() }
    check()
    pass(nanoseconds: Self.timeouts.idle)
    expect(hasEnded, "a silent connection is kept")
    pass(nanoseconds: Self.timeouts.linger)
    expect(isClosed, "a connection that ends is kept")
  }

  private func check() {
    expect(machine.inFlight == unanswered.count, "\(machine.inFlight) in flight")
    expect(machine.isServing == !hasEnded, "it serves after its end, or has ended by itself")
    expect(!hasEnded || !machine.mayHandle(now: now), "it handles frames after its end")
    for handle in handles { expect(machine.model(handle: handle) != nil, "a handle is lost") }
  }

  // MARK: Frames

  private mutating func receive(_ input: inout FuzzedInput) {
    let (kind, body) = Self.frame(&input)
    let isFull = input.byte() % 8 == 0
    let id = UInt64(input.byte())
    var frame: [UInt8] = []
    // Bytes have no padding that `bytes` could expose.
    unsafe Frame.append(kind, requestID: id, body: body.span.bytes, to: &frame)
    guard machine.mayHandle(now: now) || hasEnded else { return }
    let header: FrameHeader
    do throws(WireError) {
      // Bytes have no padding that `bytes` could expose.
      header = try unsafe FrameHeader(decoding: frame.span.bytes, accepting: machine.accepted)
    } catch {
      perform(machine.received(error), body: body, isFull: isFull)
      return
    }
    if isFull, input.bool() {
      perform(machine.passedOver(header), body: body, isFull: isFull)
    } else {
      // Bytes have no padding that `bytes` could expose.
      let action = unsafe machine.received(
        header, body: body.span.bytes, isFull: isFull, now: now)
      perform(action, body: body, isFull: isFull)
    }
  }

  /// A frame that makes sense, or any bytes as a body of any kind.
  private static func frame(_ input: inout FuzzedInput) -> (FrameKind, [UInt8]) {
    func body(_ body: some FrameBody) -> [UInt8] {
      var bytes: [UInt8] = []
      // Short names are within their limits.
      try? body.encode(into: &bytes)
      return bytes
    }
    switch input.byte() % 8 {
    case 0:
      return (
        .hello,
        body(
          HelloBody(
            versionMax: input.byte() % 3, capabilities: Capabilities(rawValue: input.integer()),
            credential: input.bool() ? credential : [], clientName: "fuzz"))
      )
    case 1:
      let name = input.bool() ? "a" : "b"
      let version = UInt32(input.byte() % 4)
      return (
        .bind, body(BindBody(.model, name, target: version == 0 ? .alias(name) : .version(version)))
      )
    case 2, 3: return (.score, [input.byte(), 0] + input.take(8))
    case 4: return (.unbind, [input.byte() % 8, 0])
    case 5: return (.list, body(ListBody(.model, first: Int(input.byte()))))
    case 6: return (input.bool() ? .ping : .cancel, [])
    default: return (input.choice(of: FrameKind.allCases), input.take(Int(input.byte())))
    }
  }

  private mutating func perform(
    _ action: ConnectionMachine.FrameAction, body: [UInt8], isFull: Bool
  ) {
    if hasEnded {
      expect(action == .ignore, "\(action) after the end")
      return
    }
    let isStranger = !isGreeted
    switch action {
    case .welcome(let version, let granted):
      expect(isStranger && !isDraining && version == 1, "WELCOME at the wrong time")
      expect(Capabilities.all.isSuperset(of: granted), "what does not exist was granted")
      expect(machine.capabilities == granted, "other capabilities than it says")
      isGreeted = true
    case .bind(let name):
      expect(!isStranger && !isDraining, "BIND at the wrong time")
      bind(name)
    case .score(let handle):
      expect(!isStranger && !isDraining && !isFull, "SCORE at the wrong time")
      expect(handles.contains(handle), "SCORE with a handle that is not bound")
      expect(unanswered.count < Self.limits.inFlightMax, "SCORE beyond the limit")
      let bytes = body.count << 14
      machine.submitted(heldBytes: bytes)
      unanswered.append(bytes)
    case .unbound:
      expect(!isStranger, "UNBOUND for a stranger")
      expect(handles.remove(Int(body[0]) | Int(body[1]) << 8) != nil, "UNBOUND for no handle")
    case .cancel: expect(machine.capabilities.contains(.cancelling), "CANCEL was not granted")
    case .list: expect(machine.capabilities.contains(.listing), "LIST was not granted")
    case .pong, .refuse: expect(!isStranger, "\(action) for a stranger")
    case .decline(let refusal): expect(isFull || isDraining, "declined: \(refusal.text)")
    case .close: end()
    case .ignore: fatalError("a frame was ignored")
    }
  }

  private mutating func bind(_ name: BindBody) {
    let model = BoundModel(
      body: name, slot: 0, signature: Self.signature, signatureHash: Self.signature.hash)
    guard let handle = machine.bound(model) else {
      expect(handles.count == Self.limits.handlesMax, "no handle although some are free")
      return
    }
    handles.insert(handle)
    expect(handles.count <= Self.limits.handlesMax, "\(handles.count) handles")
    expect(machine.model(handle: handle)?.body == name, "the handle of another model")
  }

  // MARK: Time and the end

  private mutating func pass(nanoseconds: Int64) {
    now += nanoseconds
    switch machine.tick(now: now) {
    case .none: break
    case .close:
      expect(!hasEnded, "it closes twice")
      end()
    case .abort:
      machine.closed()
      (hasEnded, isClosed) = (true, true)
      expect(machine.tick(now: now + Self.timeouts.idle) == .none, "it aborts twice")
    }
  }

  private mutating func end() {
    machine.beginClosing(now: now)
    hasEnded = true
  }
}
