import NIOCore
import TesseraClient
import TesseraWire

/// One socket: greets, binds the model, sends requests when told and tells the loop what became of them.
/// Writes at most once for all that arrived together. Confined to its event loop.
final class LoadConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case greeting
    /// BIND is unanswered: requests wait.
    case binding
    case open
    /// The server has said that it will close: what is unanswered is waited for.
    case draining
    case ended
  }

  /// Ids of no request: the upper half of those is never 0.
  private static let helloID: UInt64 = 1
  private static let bindID: UInt64 = 2

  private let loop: LoadLoop
  /// Closed loop: how many requests are kept unanswered. Open loop: nil.
  private let quota: Int?
  private let ready: EventLoopPromise<Void>
  private var state = State.greeting
  private var context: ChannelHandlerContext?
  private var reader = FrameReader()
  private var outbound = ByteBuffer()
  private var limits = FrameLimits.standard
  private var bodies: RequestBodies?
  private var handle: UInt16 = 0
  private var inFlight = InFlightTable(capacity: 0)
  /// Refused with REBIND_REQUIRED, to be sent again when BOUND has come.
  private var repeats: [SentRequest] = []
  /// Closed loop: requests that are not sent because BOUND is waited for.
  private var owed = 0
  /// What the server gave as the reason to close.
  private var farewell: String?

  init(loop: LoadLoop, quota: Int?, ready: EventLoopPromise<Void>) {
    self.loop = loop
    self.quota = quota
    self.ready = ready
  }

  var canSend: Bool { state == .open && !inFlight.isFull }
  var hasEnded: Bool { state == .ended }

  // MARK: The socket

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    write(
      HelloBody(credential: loop.plan.credential, clientName: LoadLimits.clientName), Self.helloID)
    flush()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = NIODeadline.now().uptimeNanoseconds
    reader.append(Self.unwrapInboundIn(data))
    do throws(WireError) {
      while state != .ended, let (header, body) = try reader.next(accepting: .fromServer([])) {
        try received(header, body, now: now)
      }
    } catch {
      end("the server broke the protocol: \(error)")
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { flush() }

  func channelInactive(context: ChannelHandlerContext) {
    end(farewell ?? "the server closed the connection")
    self.context = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end("the connection failed: \(error)")
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
    guard let bodies else { return }
    let body = bodies.bodies[request.body]
    var request = request
    request.handle = handle
    request.users = body.users
    request.coupons = body.coupons
    request.numbers = body.numbers
    request.outputs = UInt8(bodies.signature.outputs.count)
    guard let id = inFlight.add(request) else { preconditionFailure("sent without room") }
    // Integers have no padding that `bytes` could expose.
    unsafe outbound.writeScoreFrame(
      bodies.bytes.span.bytes.extracting(body.bytes), handle: handle,
      deadlineMicroseconds: loop.plan.deadlineMicroseconds ?? body.deadlineMicroseconds,
      requestID: id)
  }

  /// Closed loop: an answer makes room for the next request.
  private func sendNext(now: UInt64) {
    guard quota != nil, now < loop.end else { return }
    switch state {
    case .open: start(intended: now)
    case .binding: owed += 1
    case .greeting, .draining, .ended: break
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

  private func write(_ body: some FrameBody, _ requestID: UInt64) {
    do {
      try outbound.writeFrame(body, requestID: requestID)
    } catch {
      end("cannot be sent: \(error)")
    }
  }

  // MARK: Receiving

  private func received(
    _ header: FrameHeader, _ body: ByteBuffer, now: UInt64
  ) throws(WireError) {
    switch header.kind {
    case .scores:
      try received(ScoresHead(body.readableBytesSpan), header.requestID, now: now)
    case .error:
      received(try ErrorBody(decoding: body.readableBytesSpan), header.requestID, now: now)
    case .welcome: welcome(try WelcomeBody(decoding: body.readableBytesSpan))
    case .bound: bound(try BoundBody(decoding: body.readableBytesSpan), now: now)
    case .goAway:
      let goAway = try GoAwayBody(decoding: body.readableBytesSpan)
      farewell = "\(goAway.code.name): \(goAway.text)"
      if state != .ended { state = .draining }
    case .hello, .bind, .score, .ping, .unbind, .cancel, .list, .pong, .unbound, .listed:
      throw WireError(.badFrame, "a \(header.kind.name) that nobody asked for")
    }
  }

  private func received(
    _ scores: ScoresHead, _ id: UInt64, now: UInt64
  ) throws(WireError) {
    guard let request = inFlight.remove(id) else {
      throw WireError(.malformed, "an answer to the request \(id), which is not waiting for one")
    }
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

  private func received(_ error: ErrorBody, _ id: UInt64, now: UInt64) {
    let text = "\(error.text)"
    guard let request = inFlight.remove(id) else {
      // HELLO or BIND, or an error that closes: nothing can be sent on this connection.
      farewell = "\(error.code.name): \(text)"
      return end("\(error.code.name): \(text)")
    }
    if error.code == .rebindRequired {
      if state == .open, request.handle == handle { rebind() }
      if !request.isRepeat { return sendAgain(request) }
    }
    loop.failed(request, .refused(error.code), text)
    if error.retryAfterMicroseconds > 0 {
      sendNext(after: error.retryAfterMicroseconds)
    } else {
      sendNext(now: now)
    }
  }

  // MARK: Binding

  private func welcome(_ welcome: WelcomeBody) {
    limits = welcome.limits
    if let quota, quota > limits.inFlightMax {
      return end(
        "\(quota) unanswered requests on each connection are more than the server's "
          + "\(limits.inFlightMax); use more --connections")
    }
    inFlight = InFlightTable(capacity: quota ?? limits.inFlightMax)
    rebind()
  }

  private func rebind() {
    if bodies != nil { loop.rebinds() }
    state = .binding
    let model = loop.plan.model
    write(
      BindBody(
        .model, model.name,
        target: model.version > 0 ? .version(model.version) : .alias(model.alias)), Self.bindID)
  }

  private func sendAgain(_ request: SentRequest) {
    var request = request
    request.isRepeat = true
    if state == .open { send(request) } else { repeats.append(request) }
  }

  private func bound(_ bound: BoundBody, now: UInt64) {
    handle = bound.handle
    do {
      bodies = try loop.bodies(for: bound.signature, limits: limits, previous: bodies)
    } catch {
      return end("\(error)")
    }
    guard state == .binding else { return }
    state = .open
    for request in repeats { send(request) }
    repeats.removeAll()
    for _ in 0..<owed { sendNext(now: now) }
    owed = 0
    ready.succeed()
  }

  // MARK: The end

  /// Gives up what is unanswered. Only the first call has an effect.
  func end(_ reason: String, as outcome: Outcome = .connectionLost) {
    guard state != .ended else { return }
    state = .ended
    let unanswered = inFlight.removeAll() + repeats
    repeats = []
    ready.fail(LoadError("\(loop.plan.server): \(reason)"))
    loop.ended(unanswered, outcome, reason)
    context?.close(promise: nil)
  }
}
