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
    var serverName: String
  }

  let eventLoop: any EventLoop
  /// Among the event loops of the server.
  let index: Int
  let scheduler: Scheduler
  let settings: Settings
  let tally = LoopTally()
  private var requests = RequestPool()
  private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
  /// Connections that were written to while a batch is delivered.
  private var written: [ConnectionHandler] = []
  private(set) var isDraining = false

  init(eventLoop: any EventLoop, index: Int, scheduler: Scheduler, settings: Settings) {
    self.eventLoop = eventLoop
    self.index = index
    self.scheduler = scheduler
    self.settings = settings
  }

  /// Looks at the connections' timeouts now and then. Called once.
  func startTicking() {
    let period = TimeAmount.milliseconds(ServerLimits.tickMilliseconds)
    eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
      let now = MonotonicClock.now()
      for connection in self.connections.values { connection.tick(now: now) }
    }
  }

  func add(_ connection: ConnectionHandler) {
    connections[ObjectIdentifier(connection)] = connection
    if isDraining { connection.drain() }
  }

  func remove(_ connection: ConnectionHandler) {
    connections[ObjectIdentifier(connection)] = nil
  }

  /// A request to be filled; nil when too many are under way.
  func takeRequest() -> ScoreRequest? { requests.take(loop: self) }

  /// A request that was not accepted, or was answered.
  func give(back request: ScoreRequest) { requests.give(back: request) }

  /// Writes the replies of a batch: each to its connection, one flush for each connection.
  func deliver(_ batch: ReplyBatch) {
    for (request, outcome) in batch.replies {
      if let connection = request.connection {
        if connection.answer(request, outcome, of: batch) { written.append(connection) }
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
