// Performs on one socket what `ConnectionStateMachine` decides. Confined to the channel's event loop.

import FrameStream
import NIOCore
import TesseraWire

final class ClientConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What the pool is told, each at most once and in this order.
  struct Observer {
    var ready: (ClientConnection) -> Void
    /// No new request may use the connection.
    var ended: (TesseraClientError) -> Void
    /// The socket is closed.
    var closed: () -> Void
  }

  private let id: ConnectionID
  private let credential: [UInt8]
  private let greetingTimeout: TimeAmount
  private let observer: Observer
  private var machine = ConnectionStateMachine()
  /// Who waits for the machine's answers, by their ``CallerID``.
  private var calls = InFlightTable<Call>()
  private var reader = FrameAssembler()
  private var outbound = ByteBuffer()
  private var context: ChannelHandlerContext?
  /// From WELCOME until the socket is closed; it holds this handler in turn.
  private var connection: ClientConnection?
  private var timer: (deadline: UInt64, task: Scheduled<Void>)?
  private var hasReportedEnd = false
  /// The server has sent something since it was looked last.
  private var hasHeard = true

  init(
    id: ConnectionID, credential: [UInt8], greetingTimeout: TimeAmount, observer: Observer
  ) {
    self.id = id
    self.credential = credential
    self.greetingTimeout = greetingTimeout
    self.observer = observer
  }

  // MARK: The socket

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    machine.opened()
    do {
      try outbound.writeFrame(
        HelloBody(
          capabilities: .all, credential: credential, clientName: ClientLimits.clientName),
        requestID: 0)
    } catch {
      return end(TesseraClientError(.unauthenticated, error))
    }
    flush()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: greetingTimeout) { bound.value.giveUpGreeting() }
    listen()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    hasHeard = true
    reader.append(Self.unwrapInboundIn(data))
    do {
      while machine.state != .closed,
        let (header, body) = try reader.next(accepting: machine.accepted)
      {
        try perform(machine.received(try Reply(header, body: body)), body: body)
      }
    } catch {
      end(TesseraClientError(.protocolViolation, error))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    afterEvent()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(TesseraClientError(.connectionLost, "the server closed the connection"))
    self.context = nil
    connection = nil
    timer?.task.cancel()
    observer.closed()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(TesseraClientError(.connectionLost, "the connection failed", underlying: error))
  }

  private func giveUpGreeting() {
    guard machine.state == .greeting else { return }
    end(TesseraClientError(.connectionFailed, "the server did not greet in time"))
  }

  /// Asks a server that is silent whether it is there, as long as the socket is open.
  private func listen() {
    guard let context, machine.state != .closed else { return }
    let now = NIODeadline.now().uptimeNanoseconds
    if !hasHeard, let requestID = machine.ping(now: now) {
      outbound.writePing(requestID)
      flush()
      arm(for: now &+ ClientLimits.unansweredNanosecondsMax)
    }
    hasHeard = false
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .seconds(ClientLimits.silenceSecondsMax)) {
      bound.value.listen()
    }
  }

  // MARK: What tasks want

  func perform(_ submissions: [Submission]) {
    let now = NIODeadline.now().uptimeNanoseconds
    for submission in submissions {
      switch submission {
      case .bind(let model, let deadline, let call):
        bind(model, deadline: deadline, call)
      case .score(let body, let binding, let deadline, let call):
        score(body, binding, deadline: deadline, now: now, call)
      case .list(let body, let deadline, let call):
        list(body, deadline: deadline, call)
      case .abandon(let call):
        for caller in machine.abandon(where: { calls[$0.rawValue] === call }) { forget(caller) }
      case .drain:
        machine.drain()
      }
    }
    afterEvent()
  }

  private func bind(_ model: ModelReference, deadline: UInt64, _ call: Call) {
    guard !call.isAnswered else { return }
    let caller = CallerID(calls.insert(call))
    switch machine.bind(model, deadline: deadline, caller: caller) {
    case .send(let requestID):
      do {
        try outbound.writeFrame(model.bindBody, requestID: requestID)
      } catch {
        let refusal = TesseraClientError(.invalidRequest, error)
        for caller in machine.withdrawBind(requestID, of: model) {
          answer(caller, .failed(CallFailure(refusal)))
        }
      }
      arm(for: deadline)
    case .join:
      arm(for: deadline)
    case .bound(let binding):
      answer(caller, .binding(binding))
    case .refuse(let error):
      answer(caller, .failed(CallFailure(error, remedy: .anotherConnection)))
    }
  }

  private func score(
    _ body: [UInt8], _ binding: Binding, deadline: UInt64, now: UInt64, _ call: Call
  ) {
    guard !call.isAnswered else { return }
    let caller = CallerID(calls.insert(call))
    switch machine.score(handle: binding.handle, deadline: deadline, caller: caller) {
    case .send(let requestID):
      // 0 would ask for the server's default, and a passed deadline is noticed by the timer.
      let budget = deadline > now ? (deadline - now) / 1_000 : 1
      // Bytes have no padding that `bytes` could expose.
      unsafe outbound.writeScoreFrame(
        body.span.bytes, handle: binding.handle,
        deadlineMicroseconds: UInt32(clamping: max(1, budget)), requestID: requestID)
      arm(for: deadline)
    case .refuse(let error):
      answer(caller, .failed(CallFailure(error, remedy: .anotherConnection)))
    }
  }

  private func list(_ body: ListBody, deadline: UInt64, _ call: Call) {
    guard !call.isAnswered else { return }
    let caller = CallerID(calls.insert(call))
    switch machine.list(deadline: deadline, caller: caller) {
    case .send(let requestID):
      do {
        try outbound.writeFrame(body, requestID: requestID)
      } catch {
        call.answer(.failed(CallFailure(TesseraClientError(.invalidRequest, error))))
      }
      arm(for: deadline)
    case .refuse(let error):
      answer(caller, .failed(CallFailure(error, remedy: .anotherConnection)))
    }
  }

  /// Nil is nobody: whoever asked has stopped waiting.
  private func answer(_ caller: CallerID?, _ answer: Answer) {
    guard let caller else { return }
    calls.remove(caller.rawValue)?.answer(answer)
  }

  private func forget(_ caller: CallerID) { _ = calls.remove(caller.rawValue) }

  // MARK: What the server says

  private func perform(_ action: ReplyAction, body: ByteBuffer) throws(WireError) {
    switch action {
    case .none, .drain:
      break
    case .ready(let limits):
      guard let context else { return }
      let connection = ClientConnection(
        id: id, limits: limits, capabilities: machine.capabilities, handler: self,
        loop: context.eventLoop)
      self.connection = connection
      observer.ready(connection)
    case .bound(let model, let binding, let callers):
      connection?.learn(binding, of: model)
      for caller in callers { answer(caller, .binding(binding)) }
    case .bindRefused(let error, let callers):
      for caller in callers { answer(caller, .refused(error)) }
    case .scores(let caller):
      do {
        answer(caller, .scores(try ScoresBody(decoding: body.readableBytesSpan)))
      } catch {
        let violation = TesseraClientError(.protocolViolation, error)
        answer(caller, .failed(CallFailure(violation)))
        throw error
      }
    case .scoreRefused(let error, let caller), .listRefused(let error, let caller):
      answer(caller, .refused(error))
    case .listed(let body, let caller):
      answer(caller, .listed(body))
    case .bindingExpired(let handle, let error, let caller):
      connection?.forget(handle: handle)
      answer(caller, .refused(error))
    case .close(let error):
      end(error)
    }
  }

  // MARK: Time and the end

  private func afterEvent() {
    if machine.state == .draining { reportEnd(machine.drainReason) }
    for requestID in machine.takeCancellations() { outbound.writeCancel(requestID) }
    if machine.isDrained() { end(machine.drainReason) }
    flush()
  }

  private func flush() {
    guard outbound.readableBytes > 0, let context else { return }
    let bytes = outbound
    // While NIO still holds the bytes, writing to `outbound` copies; usually they are sent by then.
    context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
    outbound.clear()
  }

  private func arm(for deadline: UInt64) {
    guard let context else { return }
    if let timer {
      guard deadline < timer.deadline else { return }
      timer.task.cancel()
    }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let task = context.eventLoop.scheduleTask(
      deadline: NIODeadline.uptimeNanoseconds(deadline)
    ) { bound.value.expire() }
    timer = (deadline, task)
  }

  private func expire() {
    timer = nil
    let action = machine.expire(now: NIODeadline.now().uptimeNanoseconds)
    let error = TesseraClientError(
      .deadlineExceeded, "the server had not answered when the deadline passed")
    for caller in action.expired { answer(caller, .failed(CallFailure(error))) }
    if let error = action.close { return end(error) }
    if let next = action.next { arm(for: next) }
    afterEvent()
  }

  /// Tells everyone who waits, and closes the socket. Only the first call has an effect.
  private func end(_ reason: TesseraClientError) {
    guard machine.state != .closed else { return }
    for caller in machine.closed(reason: reason) { answer(caller, .failed(CallFailure(reason))) }
    reportEnd(reason)
    context?.close(promise: nil)
  }

  private func reportEnd(_ reason: TesseraClientError) {
    guard !hasReportedEnd else { return }
    hasReportedEnd = true
    observer.ended(reason)
  }
}
