import Logging
import NIOCore
import Serving
import TesseraWire

/// All that the connections of one event loop share. Confined to that loop, and reached from workers
/// only through its queue. Hence unchecked.
final class LoopContext: @unchecked Sendable {
  /// What connections need to know.
  struct Settings: Sendable {
    var limits = FrameLimits.standard
    var timeouts = ConnectionTimeouts()
    var credential: [UInt8] = []
    var defaultDeadlineNanoseconds: Int64
    var times: WelcomeBody.Times
    var serverName: String
    var release: String
  }

  let eventLoop: any EventLoop
  /// Among the event loops of the server.
  let index: Int
  let scheduler: Scheduler
  let settings: Settings
  let tally = LoopTally()
  /// Of all its connections.
  let requests: RequestPool
  /// What all its connections hold.
  var memory: MemoryBudget
  /// Of the frames of all its connections that are answered there and then.
  var controlPace = Pace(
    perSecond: ServingLimits.loopControlFramesPerSecond,
    burst: ServingLimits.loopControlFramesBurst)
  /// Connections whose frames wait for their own pace or that one, the longest waiting first.
  private var waiting: [ServerConnection] = []
  private var isLookPlanned = false
  private var connections: [ObjectIdentifier: ServerConnection] = [:]
  /// Connections that were written to while a batch is delivered.
  private var written: [ServerConnection] = []
  private(set) var isDraining = false

  /// - Parameter memoryBytesMax: that its connections may hold together.
  init(
    eventLoop: any EventLoop, index: Int, scheduler: Scheduler, settings: Settings,
    memoryBytesMax: Int
  ) {
    self.eventLoop = eventLoop
    self.index = index
    self.scheduler = scheduler
    self.settings = settings
    requests = RequestPool(loop: index)
    memory = MemoryBudget(bytesMax: memoryBytesMax)
  }

  /// Looks at the connections' timeouts now and then. Called once.
  func startTicking() {
    let period = TimeAmount.milliseconds(ServerLimits.tickMilliseconds)
    eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
      let now = MonotonicClock.now()
      for connection in self.connections.values { connection.tick(now: now) }
    }
  }

  /// Lets a connection go on as soon as the pace allows.
  func wait(_ connection: ServerConnection) {
    waiting.append(connection)
    if !isLookPlanned { lookAtWaitingSoon() }
  }

  private func lookAtWaitingSoon() {
    isLookPlanned = true
    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(ServerLimits.waitingMilliseconds)) {
      let now = MonotonicClock.now()
      let looked = self.waiting
      self.waiting = []
      // Those that must wait on are at the end of the list again, behind whom nobody has looked at.
      for (index, connection) in looked.enumerated() {
        guard self.controlPace.allows(now: now) else {
          self.waiting = looked[index...] + self.waiting
          break
        }
        connection.waited(now: now)
      }
      self.isLookPlanned = false
      if !self.waiting.isEmpty { self.lookAtWaitingSoon() }
    }
  }

  func add(_ connection: ServerConnection) {
    connections[ObjectIdentifier(connection)] = connection
    if isDraining { connection.drain() }
  }

  func remove(_ connection: ServerConnection) {
    connections[ObjectIdentifier(connection)] = nil
  }

  /// Writes the replies of a batch: each to its connection, one flush for each connection.
  func deliver(_ batch: ReplyBatch) {
    for reply in batch.replies {
      let request = reply.request
      switch reply.outcome {
      case .written(let offset, let byteCount):
        if request.assembly != nil {
          request.assembly?.add(batch.slice(offset: offset, byteCount: byteCount))
        }
      case .refused(let refusal): request.assembly?.refuse(reply.users, refusal.code)
      case .dropped: break
      }
      guard let answer = request.parts.end(reply.users, reply.ending) else {
        continue  // Other users of the frame are still with another version.
      }
      if let connection = request.connection {
        let isWritten = connection.answer(request, answer) { reply.scores(in: batch) }
        if isWritten { written.append(connection) }
      }
      requests.give(back: request)
    }
    for connection in written { connection.flush() }
    written.removeAll(keepingCapacity: true)
    batch.recycle()
  }

  /// Tells every connection that the server is about to stop.
  func drain() {
    isDraining = true
    for connection in connections.values { connection.drain() }
  }

  /// Ends the server's side of every connection after what was written to it.
  func finishAll() {
    let now = MonotonicClock.now()
    for connection in connections.values { connection.finish(now: now) }
  }

  /// Closes every connection now.
  func abortAll() {
    for connection in connections.values { connection.abort() }
  }
}

extension ReplyBatch.Reply {
  /// The SCORES of the whole request, of which this is the last part.
  fileprivate func scores(in batch: ReplyBatch) -> ByteBuffer {
    if request.assembly != nil, let whole = request.assembly?.finish(requestID: request.requestID) {
      return whole
    }
    guard case .written(let offset, let byteCount) = outcome else {
      preconditionFailure("a request that is one part was scored, and nothing was written")
    }
    return batch.slice(offset: offset, byteCount: byteCount)
  }

  /// As the parts of a frame know it.
  fileprivate var ending: FrameParts.Ending {
    switch outcome {
    case .written: .scored
    case .refused(let refusal): .refused(refusal)
    case .dropped: .dropped
    }
  }
}
