import Serving
import TesseraWire

/// A server of one connection without socket, clock and model: the connection's machine, the routing table and
/// the dispatcher decide; this does what they say, as the server's connection does, and keeps what is sent.
/// Every score is 0.
struct ServerPlayer: ~Copyable {
  /// A SCORE that was accepted and is not computed.
  private struct Request {
    let id: UInt64
    let layout: ScoreLayout
    let signature: Signature
    var isCancelled = false
  }

  static let times = WelcomeBody.Times(
    frameTimeoutMilliseconds: 5_000, defaultDeadlineMicroseconds: 100_000, drainMilliseconds: 5_000)
  private static let queueMicrosecondsMax = 2_000
  private static let microsecondsPerRow = 1
  /// Where the work of other connections is kept: nowhere.
  private static let placeOfOthers = UInt16.max

  /// To be set before the first frame.
  var limits = FrameLimits.standard { didSet { connect() } }
  /// To be set before the first frame.
  var credential: [UInt8] = [] { didSet { connect() } }
  /// Whether what is accepted waits.
  private var isHolding = false
  private var machine = ServerPlayer.machine(limits: .standard, credential: [])
  private var desk = Desk(
    workers: 1, queueNanosecondsMax: Int64(1_000 * ServerPlayer.queueMicrosecondsMax))
  private var served: [ListedBody.Entry] = []
  /// By lanes.
  private var versions: [Int: UInt32] = [:]
  /// By places that are counted up.
  private var requests: [UInt16: Request] = [:]
  private var placesGiven: UInt16 = 0
  private var sent: [[UInt8]] = []

  /// The next frame that was sent.
  mutating func takeSent() -> [UInt8]? { sent.isEmpty ? nil : sent.removeFirst() }

  var isOpen: Bool { machine.isServing }

  private static func machine(limits: FrameLimits, credential: [UInt8]) -> ConnectionMachine {
    ConnectionMachine(
      limits: limits, credential: credential,
      defaultDeadlineNanoseconds: Int64(times.defaultDeadlineMicroseconds) * 1_000, now: 0)
  }

  private mutating func connect() {
    machine = ServerPlayer.machine(limits: limits, credential: credential)
  }
}

// MARK: What happens at the server

extension ServerPlayer {
  /// From now on the alias points to this version only.
  mutating func serve(_ model: String, alias: String, version: UInt32, signature: Signature) {
    let lane = desk.open(
      RoutingTable.Version(
        model: model, version: version, signature: signature, signatureHash: signature.hash),
      nanosecondsPerRow: Double(1_000 * ServerPlayer.microsecondsPerRow))
    versions[lane] = version
    desk.promote(model, alias: alias, to: lane)
    for drained in desk.dispatcher.drainedLanes { _ = desk.close(drained) }
    served.removeAll { $0.name == model && $0.alias == alias }
    served.append(
      ListedBody.Entry(
        state: .ready, version: version, wantedVersion: version, name: model, alias: alias))
  }

  /// Another connection sends so much work that the queue takes nothing more: what is above half of its bound
  /// has to go first, and takes so long.
  mutating func fillQueue(retryAfterMicroseconds: Int) throws {
    isHolding = true
    let rows =
      (retryAfterMicroseconds + ServerPlayer.queueMicrosecondsMax / 2)
      / ServerPlayer.microsecondsPerRow
    let name = BindBody(.model, served[0].name, target: .alias(served[0].alias))
    let binding = try desk.table.bind(name).get()
    _ = desk.submit(
      ServerPlayer.placeOfOthers, binding.slot, at: 0, rows: rows,
      signature: binding.signatureHash)
  }

  /// The server begins to drain.
  mutating func drain() {
    desk.dispatcher.drain()
    guard machine.drain() else { return }
    var frame: [UInt8] = []
    GoAwayBody(code: .draining, text: "").encodeFrame(into: &frame)
    sent.append(frame)
  }

  /// A server that drains ends its connections once it has nothing to do.
  mutating func endIfDrained() {
    if desk.dispatcher.isDraining, desk.dispatcher.isIdle { machine.beginClosing(now: 0) }
  }

  /// From now on what is accepted waits.
  mutating func hold() { isHolding = true }

  /// Computes what waits; from now on everything at once.
  mutating func compute() throws {
    isHolding = false
    while let places = desk.take(at: 0) {
      for place in places where place != ServerPlayer.placeOfOthers {
        try answer(place, version: versions[desk.batch.lane] ?? 0)
      }
      desk.finish()
    }
  }

  private mutating func answer(_ place: UInt16, version: UInt32) throws {
    guard let request = requests.removeValue(forKey: place) else { return }
    machine.released(heldBytes: 0)
    guard !request.isCancelled else { return }
    machine.answered()
    let layout = request.layout
    try send(
      ScoresBody(
        users: Array(repeating: ScoresBody.User(version: version), count: layout.users),
        outputs: request.signature.outputs.count, coupons: layout.couponRows,
        values: Array(repeating: 0, count: layout.answerNumbers)),
      to: request.id)
  }
}

// MARK: Frames

extension ServerPlayer {
  /// The client sends these bytes: a frame, or the header of one.
  mutating func receive(_ bytes: [UInt8]) throws {
    guard machine.isServing else { return }
    // Integers have no padding that `bytes` could expose.
    let span = unsafe bytes.span.bytes
    let header: FrameHeader?
    do throws(WireError) {
      header = try FrameScanner.next(in: span, accepting: machine.accepted)
    } catch {
      try perform(machine.received(error), 0, RawSpan())
      return
    }
    guard let header else { return }
    let body = span.extracting(FrameHeader.byteCount..<header.frameByteCount)
    let action = machine.received(header, body: body, isFull: false, now: 0)
    try perform(action, header.requestID, body)
    if !isHolding { try compute() }
  }

  private mutating func perform(
    _ action: ConnectionMachine.FrameAction, _ id: UInt64, _ body: RawSpan
  ) throws {
    switch action {
    case .welcome(let version, let capabilities):
      try send(
        WelcomeBody(
          version: version, capabilities: capabilities, limits: limits, times: ServerPlayer.times,
          serverName: "tessera"), to: id)
    case .bind(let bind): try answer(bind, to: id)
    case .score(let handle): submit(body, handle: handle, to: id)
    case .unbound: send(.unbound, RawSpan(), to: id)
    case .cancel: cancel(id)
    case .list(let list):
      let entries = served.filter { list.objectKind == nil || $0.objectKind == list.objectKind }
      let part = entries.dropFirst(list.first).prefix(Limits.listEntriesMax)
      try send(
        ListedBody(total: entries.count, first: list.first, entries: Array(part)), to: id)
    case .pong: send(.pong, body, to: id)
    case .refuse(let error): refuse(ErrorBody(error), id)
    case .decline(let refusal): refuse(refusal, id)
    case .close(let error):
      refuse(ErrorBody(error), id)
      machine.beginClosing(now: 0)
    case .ignore: break
    }
  }

  private mutating func answer(_ bind: BindBody, to id: UInt64) throws {
    switch desk.table.bind(bind) {
    case .failure(let refusal): refuse(refusal, id)
    case .success(let binding):
      let model = BoundModel(
        body: bind, slot: binding.slot, signature: binding.signature,
        signatureHash: binding.signatureHash)
      guard let handle = machine.bound(model) else {
        refuse(ErrorBody(code: .limit, text: ""), id)
        return
      }
      try send(
        BoundBody(
          handle: UInt16(handle), version: binding.version, signature: binding.signature), to: id)
    }
  }

  private mutating func submit(_ body: RawSpan, handle: Int, to id: UInt64) {
    guard let model = machine.model(handle: handle) else { return }
    var layout = ScoreLayout()
    do throws(WireError) {
      try layout.decode(
        body, signature: model.signature, limits: limits, capabilities: machine.capabilities)
    } catch {
      refuse(ErrorBody(error), id)
      return
    }
    let ticket = Ticket(
      request: RequestIndex(loop: 0, place: placesGiven, generation: 0), userKey: 0, arrival: 0,
      deadline: machine.deadline(budgetMicroseconds: layout.deadlineMicroseconds, now: 0),
      size: WorkSize(rows: layout.counts))
    let submission = desk.dispatcher.submit(
      ticket, to: model.slot, signatureHash: model.signatureHash, now: 0,
      user: { _ in FrameUser(key: 0, size: WorkSize()) })
    switch submission {
    case .accepted:
      requests[placesGiven] = Request(id: id, layout: layout, signature: model.signature)
      placesGiven += 1
      machine.submitted(heldBytes: 0)
    case .refused(let refusal): refuse(refusal, id)
    }
  }

  private mutating func cancel(_ id: UInt64) {
    for (place, request) in requests where request.id == id && !request.isCancelled {
      requests[place]?.isCancelled = true
      machine.answered()
      refuse(.cancelled, id)
    }
  }

  private mutating func refuse(_ refusal: Refusal, _ id: UInt64) {
    refuse(
      ErrorBody(
        code: refusal.code, retryAfterMicroseconds: refusal.retryAfterMicroseconds,
        text: refusal.text), id)
  }

  private mutating func refuse(_ error: ErrorBody, _ id: UInt64) {
    var frame: [UInt8] = []
    error.encodeFrame(requestID: id, into: &frame)
    sent.append(frame)
  }

  private mutating func send(_ body: some FrameBody, to id: UInt64) throws {
    var frame: [UInt8] = []
    try body.encodeFrame(requestID: id, into: &frame)
    sent.append(frame)
  }

  private mutating func send(_ kind: FrameKind, _ body: RawSpan, to id: UInt64) {
    var frame: [UInt8] = []
    Frame.append(kind, requestID: id, body: body, to: &frame)
    sent.append(frame)
  }
}
