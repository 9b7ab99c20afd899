import FrameStream
import NIOCore
import Serving
import TesseraWire

/// One socket: turns its events into those of the connection's state machine and does what the
/// machine says. Decides nothing itself. Confined to its event loop.
final class ServerConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: LoopContext
  private let presence = Presence()
  private var machine: ConnectionMachine
  private var assembler = FrameAssembler()
  /// The accepted requests by their ids, for CANCEL; kept only where that was granted.
  private var cancellable: [UInt64: PendingRequest] = [:]
  private var context: ChannelHandlerContext?
  /// Something was written since the last flush.
  private var isWritten = false
  /// It is in the loop's list of those that wait for its pace.
  private var isWaiting = false
  /// It will go on with what has arrived when the loop comes to it.
  private var isGoingOn = false
  /// What of the loop's memory it holds for frames that are not handled yet.
  private var arrivingBytes = 0

  init(loop: LoopContext, now: Int64) {
    self.loop = loop
    machine = ConnectionMachine(
      limits: loop.settings.limits, timeouts: loop.settings.timeouts,
      credential: loop.settings.credential,
      defaultDeadlineNanoseconds: loop.settings.defaultDeadlineNanoseconds, now: now)
  }

  // MARK: The channel's events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    loop.add(self)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    presence.leave()
    machine.closed()
    forgetArrived()
    cancellable = [:]
    loop.remove(self)
    self.context = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A reset, a broken pipe: the peer has gone, and there is nobody to tell.
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard machine.isServing else { return }
    let now = MonotonicClock.now()
    do {
      if loop.memory.isFull, let header = try assembler.passOver(accepting: machine.accepted) {
        perform(
          machine.passedOver(header), requestID: header.requestID, body: ByteBuffer(), now: now)
      }
    } catch {
      // It began before, and was accepted then.
      perform(machine.received(error), requestID: 0, body: ByteBuffer(), now: now)
    }
    assembler.append(unwrapInboundIn(data))
    handleArrived(now: now)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    flush()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let now = MonotonicClock.now()
    machine.repliesStalled(!context.channel.isWritable, now: now)
    goOnSoon()
    context.fireChannelWritabilityChanged()
  }

  func read(context: ChannelHandlerContext) {
    if machine.mayRead() { context.read() }
  }

  private func resumeReading(now: Int64) {
    if let context, machine.resumesReading(now: now) { context.read() }
  }

  // MARK: What has arrived

  /// Handles frames that have arrived: a turn of them, since others wait, too, and only as long as the peer is
  /// within its bounds. The rest stays, and more is not read, until the connection goes on.
  private func handleArrived(now: Int64) {
    var (frames, controlFrames) = (0, 0)
    do {
      while frames < ServerLimits.turnFramesMax, machine.mayHandle(now: now),
        controlFrames == 0 || loop.controlPace.allows(now: now),
        let (header, body) = try assembler.next(accepting: machine.accepted)
      {
        frames += 1
        if header.kind.isControl {
          controlFrames += 1
          loop.controlPace.count(now: now)
        }
        handle(header, body, now: now)
      }
    } catch {
      perform(machine.received(error), requestID: 0, body: ByteBuffer(), now: now)
    }
    guard machine.isServing else { return forgetArrived() }
    machine.readEnded(isMidFrame: assembler.isMidFrame, completedFrame: frames > 0, now: now)
    machine.framesArrived(assembler.hasUnread)
    count(assembler.storageBytes)
    guard assembler.hasUnread else { return }
    if machine.isPaced(now: now) || controlFrames > 0 && !loop.controlPace.allows(now: now) {
      if !isWaiting { loop.wait(self) }
      isWaiting = true
    } else if machine.mayHandle(now: now) {
      goOnSoon()
    }
  }

  /// The loop's pace allows more frames that are answered there and then.
  func waited(now: Int64) {
    isWaiting = false
    goOn(now: now)
  }

  /// Goes on with what has arrived, if the peer is within its bounds again, and then with reading.
  private func goOn(now: Int64) {
    if assembler.hasUnread { handleArrived(now: now) }
    resumeReading(now: now)
    flush()
  }

  /// As ``goOn(now:)``, after the others' turns.
  private func goOnSoon() {
    guard assembler.hasUnread else { return resumeReading(now: MonotonicClock.now()) }
    guard !isGoingOn, let context else { return }
    isGoingOn = true
    context.eventLoop.assumeIsolated().execute {
      self.isGoingOn = false
      self.goOn(now: MonotonicClock.now())
    }
  }

  /// Counts what is held of frames that are not handled yet.
  private func count(_ bytes: Int) {
    loop.memory.hold(bytes - arrivingBytes)
    arrivingBytes = bytes
  }

  /// Throws away what has arrived: nothing of it will be answered.
  private func forgetArrived() {
    assembler.clear()
    machine.framesArrived(false)
    count(0)
  }

  // MARK: Frames

  private func handle(_ header: FrameHeader, _ body: ByteBuffer, now: Int64) {
    let action = machine.received(
      header, body: body.readableBytesSpan,
      isFull: !loop.requests.hasRoom || loop.memory.isFull, now: now)
    if case .score(let handle) = action {
      score(header, body, handle: handle, now: now)
    } else {
      perform(action, requestID: header.requestID, body: body, now: now)
    }
  }

  private func score(_ header: FrameHeader, _ body: ByteBuffer, handle: Int, now: Int64) {
    guard let model = machine.model(handle: handle) else {
      // The machine hands out only handles that it holds; answered all the same if that ever breaks.
      let error = WireError(.internalError, "handle \(handle) has no model")
      perform(.refuse(error), requestID: header.requestID, body: body, now: now)
      return
    }
    let request = loop.requests.take()
    do throws(WireError) {
      try request.layout.decode(
        body.readableBytesSpan, signature: model.signature, limits: loop.settings.limits,
        capabilities: machine.capabilities)
    } catch {
      loop.requests.give(back: request)
      perform(.refuse(error), requestID: header.requestID, body: body, now: now)
      return
    }
    request.fill(header, body, connection: self, presence: presence, now: now, model: model)
    let ticket = request.ticket(
      deadline: machine.deadline(
        budgetMicroseconds: request.layout.deadlineMicroseconds, now: now))
    // From the moment it is submitted a worker may have it: everything is in place before.
    let held = request.heldBytes
    let submission = loop.scheduler.submit(
      ticket, to: model.slot, signatureHash: model.signatureHash, now: now, user: request.user)
    switch submission {
    case .accepted(let parts, _):
      // Replies come through this loop's own queue, so none has come yet.
      request.parts = FrameParts(open: parts)
      request.assembly =
        parts == 1
        ? nil : ReplyAssembly(request.work.replyFrame(request.layout, model.signature))
      if machine.capabilities.contains(.cancelling) { cancellable[request.requestID] = request }
      machine.submitted(heldBytes: held)
      loop.memory.hold(held)
    case .refused(let refusal):
      loop.requests.give(back: request)
      refuse(refusal, requestID: header.requestID)
    }
  }

  private func perform(
    _ action: ConnectionMachine.FrameAction, requestID: UInt64, body: ByteBuffer, now: Int64
  ) {
    var bytes: [UInt8] = []
    switch action {
    case .ignore, .score: return
    case .cancel:
      cancel(requestID)
      return
    case .unbound:
      Frame.append(.unbound, requestID: requestID, body: RawSpan(), to: &bytes)
    case .list(let list): answer(list, requestID: requestID, now: now, into: &bytes)
    case .welcome(let version, let capabilities):
      let welcome = WelcomeBody(
        version: version, capabilities: capabilities, limits: loop.settings.limits,
        times: loop.settings.times, serverName: loop.settings.serverName,
        release: loop.settings.release)
      do {
        try welcome.encodeFrame(requestID: requestID, into: &bytes)
      } catch {
        ErrorBody(error).encodeFrame(requestID: requestID, into: &bytes)
      }
    case .bind(let bind): answer(bind, requestID: requestID, into: &bytes)
    case .pong:
      Frame.append(.pong, requestID: requestID, body: body.readableBytesSpan, to: &bytes)
    case .refuse(let error):
      loop.tally.refuse(error.code)
      ErrorBody(error).encodeFrame(requestID: requestID, into: &bytes)
    case .decline(let refusal):
      loop.tally.refuse(refusal.code)
      refuse(refusal, requestID: requestID)
      return
    case .close(let error):
      close(error, requestID: requestID, now: now)
      return
    }
    write(bytes)
  }

  private func answer(_ bind: BindBody, requestID: UInt64, into bytes: inout [UInt8]) {
    switch loop.scheduler.bind(bind) {
    case .failure(let refusal):
      loop.tally.refuse(refusal.code)
      ErrorBody(refusal.wireError).encodeFrame(requestID: requestID, into: &bytes)
    case .success(let binding):
      let model = BoundModel(
        body: bind, slot: binding.slot, signature: binding.signature,
        signatureHash: binding.signatureHash)
      guard let handle = machine.bound(model) else {
        loop.tally.refuse(.limit)
        ErrorBody(
          code: .limit,
          text:
            "all \(machine.limits.handlesMax) handles of this connection are taken, or all of their "
            + "numbers were; UNBIND some, or connect anew"
        ).encodeFrame(requestID: requestID, into: &bytes)
        return
      }
      let bound = BoundBody(
        handle: UInt16(handle), version: binding.version, signature: binding.signature)
      do {
        try bound.encodeFrame(requestID: requestID, into: &bytes)
      } catch {
        ErrorBody(error).encodeFrame(requestID: requestID, into: &bytes)
      }
    }
  }

  /// Answers an accepted request that nobody waits for any more; what workers make of it is thrown away.
  private func cancel(_ requestID: UInt64) {
    guard let request = cancellable.removeValue(forKey: requestID) else { return }
    request.cancel()
    machine.answered()
    loop.tally.refuse(.cancelled)
    refuse(.cancelled, requestID: requestID)
  }

  private func answer(
    _ list: ListBody, requestID: UInt64, now: Int64, into bytes: inout [UInt8]
  ) {
    let entries = loop.scheduler.listing().filter {
      list.objectKind == nil || $0.objectKind == list.objectKind
    }
    // The frame itself has been counted.
    loop.controlPace.count(now: now, times: entries.count / ServerLimits.listedPerControlFrame)
    let part = entries.dropFirst(list.first).prefix(Limits.listEntriesMax)
    let listed = ListedBody(total: entries.count, first: list.first, entries: Array(part))
    do {
      try listed.encodeFrame(requestID: requestID, into: &bytes)
    } catch {
      ErrorBody(error).encodeFrame(requestID: requestID, into: &bytes)
    }
  }

  // MARK: Replies

  /// Writes what became of an accepted request; `scores` are there if any user was scored. Returns whether
  /// the connection must be flushed that was not yet to be flushed.
  func answer(
    _ request: PendingRequest, _ answer: FrameParts.Answer, scores: () -> ByteBuffer
  ) -> Bool {
    machine.released(heldBytes: request.heldBytes)
    loop.memory.release(request.heldBytes)
    if !request.isCancelled { machine.answered() }
    if cancellable[request.requestID] === request { cancellable[request.requestID] = nil }
    guard let context, machine.isServing, !request.isCancelled else { return false }
    let wasWritten = isWritten
    switch answer {
    case .scores:
      context.write(wrapOutboundOut(scores()), promise: nil)
      isWritten = true
    case .refusal(let refusal): refuse(refusal, requestID: request.requestID)
    case .nothing: break
    }
    if !machine.isReading { goOnSoon() }
    return isWritten && !wasWritten
  }

  /// Answers ERROR; whoever decided it has counted it.
  private func refuse(_ refusal: Refusal, requestID: UInt64) {
    var bytes: [UInt8] = []
    ErrorBody(
      code: refusal.code, retryAfterMicroseconds: refusal.retryAfterMicroseconds,
      text: refusal.text
    ).encodeFrame(requestID: requestID, into: &bytes)
    write(bytes)
  }

  private func write(_ bytes: [UInt8]) {
    guard let context else { return }
    context.write(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    isWritten = true
  }

  /// Sends what was written.
  func flush() {
    guard isWritten else { return }
    isWritten = false
    context?.flush()
  }

  // MARK: The end

  /// Says what was wrong with a frame, then ends the server's side of the stream; the peer has a
  /// moment to read it.
  private func close(_ error: WireError, requestID: UInt64, now: Int64) {
    loop.tally.refuse(error.code)
    var bytes: [UInt8] = []
    ErrorBody(error).encodeFrame(requestID: requestID, into: &bytes)
    write(bytes)
    finish(now: now)
  }

  /// Says farewell where no frame is to blame.
  private func goAway(_ code: ErrorCode, _ text: String) {
    var bytes: [UInt8] = []
    GoAwayBody(code: code, text: text).encodeFrame(into: &bytes)
    write(bytes)
    flush()
  }

  /// Ends the server's side of the stream after what was written; nothing more is answered.
  func finish(now: Int64) {
    flush()
    machine.beginClosing(now: now)
    presence.leave()
    forgetArrived()
    context?.close(mode: .output, promise: nil)
    resumeReading(now: now)
  }

  /// Looks at the connection's timeouts.
  func tick(now: Int64) {
    switch machine.tick(now: now) {
    case .none: break
    case .close(let error):
      loop.tally.refuse(error.code)
      goAway(error.code, error.message)
      finish(now: now)
    case .abort: abort()
    }
  }

  /// Tells the peer that the server is about to stop.
  func drain() {
    guard machine.drain() else { return }
    goAway(.draining, "the server is about to stop; connect to another")
  }

  /// Closes the socket now.
  func abort() { context?.close(promise: nil) }
}

extension PendingRequest {
  /// Puts a decoded frame in place.
  fileprivate func fill(
    _ header: FrameHeader, _ body: ByteBuffer, connection: ServerConnection, presence: Presence,
    now: Int64, model: BoundModel
  ) {
    requestID = header.requestID
    arrival = now
    signatureHash = model.signatureHash
    self.body = body
    self.connection = connection
    self.presence = presence
    heldBytes = header.frameByteCount + work.replyFrame(layout, model.signature).byteCount
  }
}
