import FrameStream
import NIOCore
import TesseraClient
import TesseraWire

/// One socket: performs what the client's ``ConnectionStateMachine`` decides, and adds what a load tester
/// needs: requests are sent when they are due, carry when that was, and the loop is told what became of them.
/// Writes at most once for all that arrived together. Confined to its event loop.
final class LoadConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: LoadLoop
  /// Closed loop: how many requests are kept unanswered. Open loop: nil.
  private let quota: Int?
  private let ready: EventLoopPromise<Void>
  private var machine = ConnectionStateMachine()
  /// What waits for the machine's answers, by ``CallerID``.
  private var unanswered = InFlightTable<SentRequest>()
  /// This connection, which waits for its binding. No request has this number.
  private static let bindingCaller = CallerID(0)
  private var context: ChannelHandlerContext?
  private var assembler = FrameAssembler()
  private var outbound = ByteBuffer()
  private var limits = FrameLimits.standard
  private var bodies: RequestBodies?
  /// What requests are addressed to; nil while BIND is unanswered: requests wait.
  private var handle: UInt16?
  /// Their binding did not hold any more: to be sent again when BOUND has come.
  private var repeats: [SentRequest] = []
  /// Closed loop: requests that are not sent because BOUND is waited for.
  private var owed = 0
  /// What the server gave as the reason to close.
  private var farewell: GoAwayBody?
  /// The server has said, by GOAWAY or in an answer, that it drains.
  private var isServerDraining = false

  init(loop: LoadLoop, quota: Int?, ready: EventLoopPromise<Void>) {
    self.loop = loop
    self.quota = quota
    self.ready = ready
  }

  var canSend: Bool { handle != nil && machine.hasRoom }
  var hasEnded: Bool { machine.state == .closed }
  /// What becomes of requests that the server leaves unanswered: one that drains has not lost them.
  private var loss: Outcome { isServerDraining ? .refused(.draining) : .connectionLost }

  // MARK: The socket

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    machine.opened()
    write(
      HelloBody(credential: loop.plan.credential, clientName: LoadLimits.clientName), requestID: 0)
    flush()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = NIODeadline.now().uptimeNanoseconds
    assembler.append(Self.unwrapInboundIn(data))
    do throws(WireError) {
      while !hasEnded, let (header, body) = try assembler.next(accepting: machine.accepted) {
        try perform(machine.received(try Reply(header, body: body)), body, now: now)
      }
    } catch {
      end("the server broke the protocol: \(error)")
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if machine.isDrained() { end(farewell?.text ?? machine.drainReason.message, as: loss) }
    flush()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(farewell?.text ?? "the server closed the connection", as: loss)
    self.context = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end("the connection failed: \(error)", as: loss)
  }

  func flush() {
    guard outbound.readableBytes > 0, let context else { return }
    let bytes = outbound
    // Usually the socket has taken the bytes when this returns, and their memory is used again.
    context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
    outbound.clear()
  }

  // MARK: Sending

  /// Closed loop: sends the first requests.
  func fill(now: UInt64) {
    for _ in 0..<(quota ?? 0) { sendNext(now: now) }
    flush()
  }

  /// Sends a request that is due, or was at `intended`. There must be room.
  func start(intended: UInt64) {
    loop.requestBegins()
    send(SentRequest(intended: intended, body: loop.nextBody()))
  }

  private func send(_ request: SentRequest) {
    guard let bodies, let handle else { preconditionFailure("sent before the model was bound") }
    let body = bodies.bodies[request.body]
    var request = request
    request.users = body.users
    request.coupons = body.coupons
    request.numbers = body.numbers
    request.outputs = UInt8(bodies.signature.outputs.count)
    // The run ends what is unanswered, not a deadline of each request.
    let caller = CallerID(unanswered.insert(request))
    switch machine.score(handle: handle, deadline: .max, caller: caller) {
    case .send(let id):
      // Integers have no padding that `bytes` could expose.
      unsafe outbound.writeScoreFrame(
        bodies.bytes.span.bytes.extracting(body.bytes), handle: handle,
        deadlineMicroseconds: loop.plan.deadlineMicroseconds ?? body.deadlineMicroseconds,
        requestID: id)
    case .refuse(let error):
      _ = unanswered.remove(caller.rawValue)
      loop.failed(request, loss, error.message)
    }
  }

  /// Closed loop: an answer makes room for the next request.
  private func sendNext(now: UInt64) {
    guard quota != nil, now < loop.end else { return }
    switch machine.state {
    case .ready where handle == nil: owed += 1
    case .ready: start(intended: now)
    case .idle, .greeting, .draining, .closed: break
    }
  }

  /// Closed loop: as ``sendNext(now:)``, after the pause that a busy server has asked for.
  private func sendNext(after microseconds: UInt32) {
    guard quota != nil, let context else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .microseconds(Int64(microseconds))) {
      bound.value.sendNext(now: NIODeadline.now().uptimeNanoseconds)
      bound.value.flush()
    }
  }

  private func write(_ body: some FrameBody, requestID: UInt64) {
    do {
      try outbound.writeFrame(body, requestID: requestID)
    } catch {
      end("cannot be sent: \(error)")
    }
  }

  // MARK: Receiving

  private func perform(
    _ action: ReplyAction, _ body: ByteBuffer, now: UInt64
  ) throws(WireError) {
    switch action {
    case .ready(let limits):
      greeted(limits)
    case .bound(_, let binding, _):
      bound(binding, now: now)
    case .bindRefused(let error, _):
      if error.code == .draining { isServerDraining = true }
      end("\(error.code.name): \(error.text)", as: loss)
    case .scores(let caller):
      guard let request = request(of: caller) else { break }
      scored(request, try ScoresHead(body.readableBytesSpan), now: now)
    case .scoreRefused(let error, let caller):
      guard let request = request(of: caller) else { break }
      refused(request, error, now: now)
    case .bindingExpired(let expired, let error, let caller):
      guard let request = request(of: caller) else { break }
      if expired == handle { bind() }
      if request.isRepeat { refused(request, error, now: now) } else { sendAgain(request) }
    case .drain(let goAway):
      farewell = goAway
      if goAway.code == .draining { isServerDraining = true }
    case .close(let error):
      end(error.message)
    case .listed, .listRefused, .none:
      // Nothing is listed.
      break
    }
  }

  /// Takes out what waited for an answer. Nil never happens here: every request waits until it is answered.
  private func request(of caller: CallerID?) -> SentRequest? {
    caller.flatMap { unanswered.remove($0.rawValue) }
  }

  private func scored(_ request: SentRequest, _ scores: ScoresHead, now: UInt64) {
    if scores.users != request.users || scores.coupons != request.coupons
      || scores.outputs != request.outputs || scores.numbers != request.numbers
    {
      loop.failed(
        request, .badReply, "\(scores) for \(request.users) users, \(request.coupons) coupons")
    } else if let status = scores.status {
      loop.failed(request, .refused(status), "a user of the request was not scored")
    } else {
      loop.scored(request, scores.times, now: now)
    }
    sendNext(now: now)
  }

  private func refused(_ request: SentRequest, _ error: ErrorBody, now: UInt64) {
    if error.code == .draining { isServerDraining = true }
    loop.failed(request, .refused(error.code), "\(error.text)")
    if error.retryAfterMicroseconds > 0 {
      sendNext(after: error.retryAfterMicroseconds)
    } else {
      sendNext(now: now)
    }
  }

  // MARK: Binding

  private func greeted(_ limits: FrameLimits) {
    self.limits = limits
    if let quota, quota > limits.inFlightMax {
      return end(
        "\(quota) unanswered requests on each connection are more than the server's "
          + "\(limits.inFlightMax); use more --connections")
    }
    bind()
  }

  private func bind() {
    handle = nil
    switch machine.bind(loop.plan.model, deadline: .max, caller: Self.bindingCaller) {
    case .send(let id):
      if bodies != nil { loop.rebinds() }
      write(loop.plan.model.bindBody, requestID: id)
    case .refuse:
      // Draining: what waits for the binding is given up with the connection.
      break
    case .join, .bound:
      preconditionFailure("bound before the binding expired")
    }
  }

  private func sendAgain(_ request: SentRequest) {
    var request = request
    request.isRepeat = true
    if handle != nil { send(request) } else { repeats.append(request) }
  }

  private func bound(_ binding: Binding, now: UInt64) {
    do {
      bodies = try loop.bodies(for: binding.signature, limits: limits, previous: bodies)
    } catch {
      return end("\(error)")
    }
    handle = binding.handle
    for request in repeats { send(request) }
    repeats.removeAll()
    for _ in 0..<owed { sendNext(now: now) }
    owed = 0
    ready.succeed()
  }

  // MARK: The end

  /// Gives up what is unanswered. Only the first call has an effect.
  func end(_ reason: String, as outcome: Outcome = .connectionLost) {
    guard !hasEnded else { return }
    _ = machine.closed(reason: TesseraClientError(.connectionLost, reason))
    let lost = repeats + unanswered.removeAll()
    repeats = []
    ready.fail(LoadError("\(loop.plan.server): \(reason)"))
    loop.ended(lost, outcome, reason)
    context?.close(promise: nil)
  }
}
