// Performs what `PoolState` decides: opens sockets, arms the timer, wakes those who waited.

import Logging
import NIOCore
import NIOPosix
import Synchronization

final class ConnectionPool: Sendable {
  typealias Lease = OneShot<Result<ClientConnection, TesseraClientError>>

  private struct Guarded: ~Copyable {
    var pool: PoolState<Lease>
    /// Greeted connections that are not closed yet, draining ones included.
    var connections: [ConnectionID: ClientConnection] = [:]
    /// Sockets that are opening or open, and who waits for there to be none.
    var sockets = 0
    var emptied: [EventLoopPromise<Void>] = []
    var wakeArmedFor: UInt64?
  }

  private let guarded: Mutex<Guarded>
  private let servers: [ServerAddress]
  private let configuration: TesseraClient.Configuration
  private let group: any EventLoopGroup
  private let logger: Logger

  init(
    servers: [ServerAddress], configuration: TesseraClient.Configuration,
    group: any EventLoopGroup, logger: Logger
  ) {
    self.servers = servers
    self.configuration = configuration
    self.group = group
    self.logger = logger
    guarded = Mutex(
      Guarded(
        pool: PoolState(
          servers: servers.count,
          connectionsPerServer: min(
            max(1, configuration.connectionsPerServer), ClientLimits.connectionsPerServerMax),
          inFlightMax: configuration.inFlightMax,
          backoff: Backoff(
            firstNanoseconds: configuration.reconnectPause.clampedNanoseconds,
            longestNanoseconds: configuration.reconnectPauseMax.clampedNanoseconds))))
  }

  // MARK: Requests

  /// A connection to send one request on; `release` must follow.
  func lease(deadline: UInt64) async throws(TesseraClientError) -> ClientConnection {
    let waiting = Lease()
    let (action, connection, openings) = guarded.withLock {
      guarded -> (LeaseAction, ClientConnection?, [Opening]) in
      let action = guarded.pool.lease(waiting, deadline: deadline, now: now)
      let openings = guarded.pool.openings(now: now)
      guarded.sockets += openings.count
      guard case .use(let id) = action else { return (action, nil, openings) }
      return (action, guarded.connections[id], openings)
    }
    for opening in openings { open(opening) }
    switch action {
    case .use:
      guard let connection else { preconditionFailure("the pool leased an unknown connection") }
      return connection
    case .refuse(let error):
      throw error
    case .wait:
      let cancelled = TesseraClientError(.cancelled, "the calling task was cancelled")
      return try await waiting.wait(
        ifCancelled: .failure(cancelled), start: { armTimer() },
        onCancel: { self.guarded.withLock { _ = $0.pool.giveUp { $0 === waiting } } }
      ).get()
    }
  }

  func release(_ connection: ClientConnection) {
    guarded.withLock { $0.pool.release(connection.id) }
  }

  /// What the server of this connection has said of itself, for the choices to come.
  func learn(_ news: ServerNews, from connection: ClientConnection) {
    guarded.withLock { $0.pool.learn(news, from: connection.id, now: now) }
  }

  // MARK: Connections

  private func open(_ opening: Opening) {
    let server = servers[opening.server]
    let eventLoop = group.next()
    let timeout = TimeAmount.nanoseconds(Int64(configuration.connectTimeout.clampedNanoseconds))
    let credential = configuration.credential
    ClientBootstrap(group: eventLoop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { [weak self] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ClientConnectionHandler(
              id: opening.connection, credential: credential, greetingTimeout: timeout,
              observer: ClientConnectionHandler.Observer(
                ready: { self?.ready($0) ?? $0.drain() },
                ended: { self?.ended(opening, because: $0) },
                closed: { self?.closed(opening) })))
        }
      }
      .connect(host: server.host, port: server.port)
      .whenFailure { [weak self] error in
        self?.ended(
          opening,
          because: TesseraClientError(
            .connectionFailed, "could not connect to \(server); is the server running there?",
            underlying: error))
        self?.closed(opening)
      }
  }

  private func ready(_ connection: ClientConnection) {
    let (assignments, isClosed) = guarded.withLock { guarded in
      guarded.connections[connection.id] = connection
      return (
        guarded.pool.opened(
          connection.id, inFlightMax: connection.limits.inFlightMax, now: now),
        guarded.pool.isClosed
      )
    }
    if isClosed { connection.drain() }
    answer(assignments)
  }

  private func ended(_ opening: Opening, because reason: TesseraClientError) {
    logger.debug(
      "connection ended",
      metadata: ["server": "\(servers[opening.server])", "reason": "\(reason)"])
    var random = SystemRandomNumberGenerator()
    let assignments = guarded.withLock {
      $0.pool.ended(opening.connection, because: reason, now: now, random: &random)
    }
    answer(assignments)
    armTimer()
  }

  private func closed(_ opening: Opening) {
    let emptied = guarded.withLock { guarded -> [EventLoopPromise<Void>] in
      guarded.connections[opening.connection] = nil
      guarded.sockets -= 1
      guard guarded.sockets == 0 else { return [] }
      defer { guarded.emptied = [] }
      return guarded.emptied
    }
    for promise in emptied { promise.succeed() }
  }

  private func answer(_ assignments: [Assignment<Lease>]) {
    for assignment in assignments {
      switch assignment.result {
      case .failure(let error):
        assignment.waiter.answer(.failure(error))
      case .success(let id):
        let connection = guarded.withLock { $0.connections[id] }
        guard let connection, assignment.waiter.answer(.success(connection)) else {
          // The task was cancelled in between: what it was given goes back.
          guarded.withLock { $0.pool.release(id) }
          continue
        }
      }
    }
  }

  // MARK: Time

  private var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

  private func armTimer() {
    let wake = guarded.withLock { guarded -> UInt64? in
      guard let next = guarded.pool.nextWake, next < guarded.wakeArmedFor ?? .max else {
        return nil
      }
      guarded.wakeArmedFor = next
      return next
    }
    guard let wake else { return }
    group.any().scheduleTask(deadline: .uptimeNanoseconds(wake)) { [weak self] in
      self?.wake(armedFor: wake)
    }
  }

  private func wake(armedFor wake: UInt64) {
    let (openings, expired) = guarded.withLock { guarded in
      if guarded.wakeArmedFor == wake { guarded.wakeArmedFor = nil }
      let openings = guarded.pool.openings(now: now)
      guarded.sockets += openings.count
      return (openings, guarded.pool.expire(now: now))
    }
    answer(expired)
    for opening in openings { open(opening) }
    armTimer()
  }

  // MARK: The end

  /// Refuses new requests and lets every connection finish what is in flight, then close.
  func close() {
    let (connections, waiting) = guarded.withLock { guarded in
      (Array(guarded.connections.values), guarded.pool.close())
    }
    answer(waiting)
    for connection in connections { connection.drain() }
  }

  /// Completes when no socket is open. To be called after `close`.
  func waitUntilClosed() async {
    let promise = group.any().makePromise(of: Void.self)
    let isEmpty = guarded.withLock { guarded in
      if guarded.sockets > 0 { guarded.emptied.append(promise) }
      return guarded.sockets == 0
    }
    if isEmpty { promise.succeed() }
    // The promise is never failed.
    try? await promise.futureResult.get()
  }
}
