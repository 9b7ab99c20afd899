import NIOCore
import NIOPosix
import TesseraClient
import TesseraWire

/// The connections of one event loop, the schedule that they share, and what is counted. Confined to that
/// event loop.
final class LoadLoop {
  let plan: LoadPlan
  private let source: RequestSource
  private let eventLoop: any EventLoop
  /// Among the run's threads.
  private let index: Int
  private var connections: [LoadConnection] = []
  private var bodiesBySignature: [UInt64: RequestBodies] = [:]
  private var bodyCount = 0
  private var bodyCursor = 0

  private var pacer: Pacer?
  private var connectionCursor = 0
  /// Written to while an open loop's due requests are sent.
  private var written: [LoadConnection] = []

  /// Requests that were due from here on are measured.
  private var measuredFrom: UInt64 = .max
  /// From here on nothing new is sent.
  private(set) var end: UInt64 = 0
  private var isSendingOver = false
  private var unanswered = 0
  private(set) var measured = Tally()
  private(set) var warmup = Tally()
  /// Kept when every request is answered or given up.
  private var done: EventLoopPromise<Void>?

  init(plan: LoadPlan, source: RequestSource, eventLoop: any EventLoop, index: Int) {
    self.plan = plan
    self.source = source
    self.eventLoop = eventLoop
    self.index = index
  }

  // MARK: A run's phases

  /// Opens a connection. The result comes when the model is bound, and fails with a `LoadError`.
  func connect(quota: Int?) -> EventLoopFuture<Void> {
    let ready = eventLoop.makePromise(of: Void.self)
    let connection = LoadConnection(loop: self, quota: quota, ready: ready)
    connections.append(connection)
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    let server = plan.server
    ClientBootstrap(group: eventLoop)
      .connectTimeout(.seconds(Int64(LoadLimits.readySecondsMax)))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(bound.value)
        }
      }
      .connect(host: server.host, port: server.port)
      .whenFailure { _ in bound.value.end("no connection; is a server listening there?") }
    eventLoop.scheduleTask(in: .seconds(Int64(LoadLimits.readySecondsMax))) {
      ready.fail(LoadError("\(server): did not greet and bind the model in time"))
    }
    return ready.futureResult
  }

  /// Sends from `start` until the plan's time is over. The result comes when all is answered or given up.
  func run(from start: UInt64) -> EventLoopFuture<Void> {
    guard !isSendingOver else { return eventLoop.makeSucceededVoidFuture() }
    let done = eventLoop.makePromise(of: Void.self)
    self.done = done
    measuredFrom = start + UInt64(plan.warmupSeconds * 1e9)
    end = measuredFrom + UInt64(plan.seconds * 1e9)
    at(measuredFrom) { $0.beginMeasuring() }
    at(end) { $0.finishSending() }
    switch plan.pace {
    case .concurrency:
      at(start) { loop in
        let now = NIODeadline.now().uptimeNanoseconds
        for connection in loop.connections { connection.fill(now: now) }
      }
    case .rate(let rate):
      // The threads take turns: the first requests of all of them are spread over one interval.
      let offset = UInt64(Double(index) * 1e9 / rate)
      pacer = Pacer(start: start + offset, rate: rate / Double(plan.threads))
      pace()
    }
    endIfAbandoned()
    return done.futureResult
  }

  /// Ends the run early, as if its time were over.
  func stop() {
    end = min(end, NIODeadline.now().uptimeNanoseconds)
    finishSending()
  }

  /// What was due in the warm-up and could not be sent is given up: else the measured time would begin
  /// with its backlog.
  private func beginMeasuring() {
    guard !isSendingOver, let missed = pacer?.skip(before: measuredFrom), missed > 0 else { return }
    warmup.record(.notSent, count: missed, text: Self.noRoom)
  }

  private static let noRoom = "all connections had as many unanswered requests as they may"

  private func finishSending() {
    guard !isSendingOver else { return }
    sendDue(now: end)
    isSendingOver = true
    if let missed = pacer?.missed(end: end) {
      measured.record(.notSent, count: missed, text: Self.noRoom)
    }
    at(end + UInt64(LoadLimits.answerSecondsMax) * 1_000_000_000) { $0.giveUp() }
    endIfAnswered()
  }

  private func giveUp() {
    let seconds = LoadLimits.answerSecondsMax
    for connection in connections {
      connection.end("nothing within \(seconds) s after the end", as: .noAnswer)
    }
  }

  private func endIfAnswered() {
    guard isSendingOver, unanswered == 0 else { return }
    // Closing is not losing: what `ended` would count has been counted.
    done?.succeed()
    for connection in connections { connection.end("the run is over") }
  }

  /// Nothing can be sent when no connection is left.
  private func endIfAbandoned() {
    if end > 0, !isSendingOver, connections.allSatisfy(\.hasEnded) { stop() }
  }

  private func at(_ time: UInt64, _ action: @escaping @Sendable (LoadLoop) -> Void) {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(deadline: .uptimeNanoseconds(time)) { action(bound.value) }
  }

  // MARK: An open loop's schedule

  private func pace() {
    let now = NIODeadline.now().uptimeNanoseconds
    sendDue(now: now)
    guard let next = pacer?.nextDue, now < end else { return }
    at(max(next, now + LoadLimits.paceNanosecondsMin)) { $0.pace() }
  }

  private func sendDue(now: UInt64) {
    guard !isSendingOver, pacer != nil else { return }
    while let connection = nextWithRoom(), let due = pacer?.take(now: now, end: end) {
      if due >= measuredFrom { measured.recordLateness(nanoseconds: now - due) }
      connection.start(intended: due)
      written.append(connection)
    }
    for connection in written { connection.flush() }
    written.removeAll(keepingCapacity: true)
  }

  private func nextWithRoom() -> LoadConnection? {
    for _ in connections.indices {
      connectionCursor = connectionCursor + 1 < connections.count ? connectionCursor + 1 : 0
      if connections[connectionCursor].canSend { return connections[connectionCursor] }
    }
    return nil
  }

  // MARK: What the connections ask and tell

  func nextBody() -> Int {
    bodyCursor = bodyCursor + 1 < bodyCount ? bodyCursor + 1 : 0
    return bodyCursor
  }

  func bodies(
    for signature: Signature, limits: FrameLimits, previous: RequestBodies?
  ) throws(LoadError) -> RequestBodies {
    let hash = signature.hash
    if let known = bodiesBySignature[hash] { return known }
    let made = try source.bodies(for: signature, limits: limits, previous: previous)
    bodiesBySignature[hash] = made
    bodyCount = made.count
    return made
  }

  func requestBegins() { unanswered += 1 }

  func scored(_ request: SentRequest, _ times: ServerTimes, now: UInt64) {
    unanswered -= 1
    let latency = now > request.intended ? now - request.intended : 0
    if request.intended >= measuredFrom {
      measured.recordScores(
        times, coupons: request.coupons, latencyNanoseconds: latency, isInTime: now < end)
    } else {
      warmup.recordScores(
        times, coupons: request.coupons, latencyNanoseconds: latency, isInTime: true)
    }
    if isSendingOver { endIfAnswered() }
  }

  func failed(_ request: SentRequest, _ outcome: Outcome, _ text: String) {
    unanswered -= 1
    record(outcome, isMeasured: request.intended >= measuredFrom, text)
    if isSendingOver { endIfAnswered() }
  }

  func rebinds() {
    if NIODeadline.now().uptimeNanoseconds >= measuredFrom {
      measured.rebinds += 1
    } else {
      warmup.rebinds += 1
    }
  }

  /// A connection has ended, with these requests unanswered.
  func ended(_ requests: [SentRequest], _ outcome: Outcome, _ reason: String) {
    let isOver = isSendingOver && unanswered == 0
    unanswered -= requests.count
    for request in requests {
      record(outcome, isMeasured: request.intended >= measuredFrom, reason)
    }
    if requests.isEmpty, end > 0, !isSendingOver {
      // A lost connection is a failure even if it was idle.
      record(outcome, isMeasured: NIODeadline.now().uptimeNanoseconds >= measuredFrom, reason)
    }
    endIfAbandoned()
    if !isOver { endIfAnswered() }
  }

  private func record(_ outcome: Outcome, isMeasured: Bool, _ text: String) {
    if isMeasured {
      measured.record(outcome, text: text)
    } else {
      warmup.record(outcome, text: text)
    }
  }
}
