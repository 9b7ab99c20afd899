// Which connection a request goes to, and when connections are opened: the decisions of the pool, without
// sockets, clocks or tasks. Every server has a fixed number of seats; a seat is vacant (until a moment, after
// failures), opening, or open. All seats are filled from the first request on and refilled when a
// connection ends. A request takes the open connection with the fewest unanswered requests, each of which
// weighs the more the fuller its server says that it is; a server that has just refused for want of room is
// taken only when no other has room, for a fast refuser would otherwise always have the fewest. When none is
// open yet a request waits until one is, or its deadline passes; what it is told then depends on whether every
// attempt to connect has failed (the servers are down) or one is still under way (they may be slow).

package typealias ConnectionID = Int

package struct PoolState<Waiter>: ~Copyable {
  enum Phase {
    case vacant(notBefore: UInt64)
    case opening(ConnectionID)
    case open(ConnectionID, inFlight: Int, inFlightMax: Int)
  }

  struct Seat {
    let server: Int
    var phase = Phase.vacant(notBefore: 0)
    /// Attempts that failed in a row.
    var failures = 0
  }

  /// What is known of a server beyond its connections.
  struct Standing {
    var load: UInt8 = 0
    /// Until when `load` is believed.
    var loadUntil: UInt64 = 0
    /// Until when it has asked not to be asked again.
    var busyUntil: UInt64 = 0
  }

  struct Waiting {
    let waiter: Waiter
    let deadline: UInt64
  }

  private let backoff: Backoff
  private let inFlightMax: Int
  private var seats: [Seat]
  private var standings: [Standing]
  private var waiting: [Waiting] = []
  private var connectionsMade: ConnectionID = 0
  private var turn = 0
  private var everOpened = false
  private var lastFailure: TesseraClientError?
  package private(set) var isClosed = false
  /// Requests between lease and release, waiting ones included.
  package private(set) var outstanding = 0

  package init(servers: Int, connectionsPerServer: Int, inFlightMax: Int, backoff: Backoff) {
    self.backoff = backoff
    self.inFlightMax = inFlightMax
    seats = (0..<servers * connectionsPerServer).map { Seat(server: $0 % servers) }
    standings = Array(repeating: Standing(), count: servers)
  }
}

// MARK: - Requests

package enum LeaseAction {
  /// Send on this connection, then release it.
  case use(ConnectionID)
  /// Nothing is open: the waiter is named in a later answer.
  case wait
  case refuse(TesseraClientError)
}

extension PoolState {
  /// A request wants a connection, and waits for one until `deadline`. Unless it is refused, `release` or
  /// `giveUp` must follow.
  package mutating func lease(_ waiter: Waiter, deadline: UInt64, now: UInt64) -> LeaseAction {
    guard !isClosed else {
      return .refuse(TesseraClientError(.closed, "the client has been closed"))
    }
    guard outstanding < inFlightMax else {
      return .refuse(
        TesseraClientError(
          .tooManyInFlight,
          "\(outstanding) requests of this client are unanswered, as many as its configuration allows; "
            + "send fewer at once, or raise inFlightMax"))
    }
    switch take(now: now) {
    case .use(let connection):
      outstanding += 1
      return .use(connection)
    case .refuse(let error):
      return .refuse(error)
    case .wait:
      outstanding += 1
      waiting.append(Waiting(waiter: waiter, deadline: deadline))
      return .wait
    }
  }

  /// The request that used `connection` has been answered, or given up.
  package mutating func release(_ connection: ConnectionID) {
    outstanding -= 1
    for index in seats.indices {
      if case .open(connection, let inFlight, let most) = seats[index].phase {
        seats[index].phase = .open(connection, inFlight: inFlight - 1, inFlightMax: most)
      }
    }
  }

  /// Those for whom `isGone` is true do not wait for a connection any more.
  package mutating func giveUp(where isGone: (Waiter) -> Bool) -> [Waiter] {
    letGo { isGone($0.waiter) }
  }

  private mutating func letGo(where isGone: (Waiting) -> Bool) -> [Waiter] {
    let gone = waiting.filter(isGone).map(\.waiter)
    if !gone.isEmpty { waiting.removeAll(where: isGone) }
    outstanding -= gone.count
    return gone
  }

  /// The open connection on which a request weighs least; among equals, each in turn.
  private mutating func take(now: UInt64) -> LeaseAction {
    var best: (seat: Int, connection: ConnectionID, inFlight: Int, most: Int)?
    var bestWeight = (isBusy: true, weight: Int.max)
    var anyOpen = false
    for step in seats.indices {
      let index = (turn + step) % seats.count
      guard case .open(let connection, let inFlight, let most) = seats[index].phase else {
        continue
      }
      anyOpen = true
      guard inFlight < most else { continue }
      let standing = standings[seats[index].server]
      let isBusy = now < standing.busyUntil
      let load = now < standing.loadUntil ? Int(standing.load) : 0
      let weight = (inFlight + 1) * (ClientLimits.loadWeightOfEmpty + load)
      if isBusy == bestWeight.isBusy ? weight < bestWeight.weight : bestWeight.isBusy {
        best = (index, connection, inFlight, most)
        bestWeight = (isBusy, weight)
      }
    }
    if let best {
      turn = (best.seat + 1) % seats.count
      seats[best.seat].phase = .open(
        best.connection, inFlight: best.inFlight + 1, inFlightMax: best.most)
      return .use(best.connection)
    }
    if anyOpen {
      return .refuse(
        TesseraClientError(
          .tooManyInFlight, "every connection has as many unanswered requests as its server takes"))
    }
    return .wait
  }
}

// MARK: - What servers say of themselves

package enum ServerNews {
  /// As in SCORES: 0 empty … 255 full.
  case load(UInt8)
  /// It has refused for want of room, and asked for so long a pause.
  case busy(nanoseconds: UInt64)
}

extension PoolState {
  /// The server of `connection` has answered.
  package mutating func learn(_ news: ServerNews, from connection: ConnectionID, now: UInt64) {
    guard let server = seat(of: connection).map({ seats[$0].server }) else { return }
    switch news {
    case .load(let load):
      standings[server].load = load
      standings[server].loadUntil = now &+ ClientLimits.loadNanosecondsMax
    case .busy(let nanoseconds):
      standings[server].busyUntil = now &+ min(nanoseconds, ClientLimits.busyNanosecondsMax)
    }
  }
}

// MARK: - Connections

package struct Opening: Equatable {
  package let connection: ConnectionID
  /// Index into the client's list of servers.
  package let server: Int
}

package struct Assignment<Waiter> {
  package let waiter: Waiter
  package let result: Result<ConnectionID, TesseraClientError>
}

extension PoolState {
  /// The connections that are to be opened now.
  package mutating func openings(now: UInt64) -> [Opening] {
    guard !isClosed else { return [] }
    var due: [Opening] = []
    for index in seats.indices {
      guard case .vacant(let notBefore) = seats[index].phase, notBefore <= now else { continue }
      connectionsMade += 1
      seats[index].phase = .opening(connectionsMade)
      due.append(Opening(connection: connectionsMade, server: seats[index].server))
    }
    return due
  }

  /// When to look at ``openings(now:)`` and ``expire(now:)`` again; nil when only an event can change anything.
  package var nextWake: UInt64? {
    guard !isClosed else { return nil }
    var next = waiting.lazy.map(\.deadline).min()
    for case .vacant(let notBefore) in seats.lazy.map(\.phase) {
      next = min(next ?? .max, notBefore)
    }
    return next
  }

  /// `connection` has been greeted. Returns who may use it now, or which server's limit keeps whom out.
  package mutating func opened(
    _ connection: ConnectionID, inFlightMax: Int, now: UInt64
  ) -> [Assignment<Waiter>] {
    guard let index = seat(of: connection) else { return [] }
    seats[index].phase = .open(connection, inFlight: 0, inFlightMax: inFlightMax)
    seats[index].failures = 0
    everOpened = true
    lastFailure = nil
    let waited = waiting
    waiting = []
    return waited.map { waited in
      switch take(now: now) {
      case .use(let taken):
        return Assignment(waiter: waited.waiter, result: .success(taken))
      case .refuse(let error):
        outstanding -= 1
        return Assignment(waiter: waited.waiter, result: .failure(error))
      case .wait:
        preconditionFailure("a connection has just been opened")
      }
    }
  }

  /// `connection` could not be opened, or takes no more requests, or is gone. Its seat is refilled after a
  /// while. Returns those who are told so at once: everyone, when no connection was ever opened (the address is
  /// probably wrong), otherwise nobody (the server is probably coming back).
  package mutating func ended(
    _ connection: ConnectionID, because reason: TesseraClientError, now: UInt64,
    random: inout some RandomNumberGenerator
  ) -> [Assignment<Waiter>] {
    guard let index = seat(of: connection) else { return [] }
    seats[index].failures += 1
    let pause = backoff.nanoseconds(failures: seats[index].failures, random: &random)
    seats[index].phase = .vacant(notBefore: now &+ pause)
    lastFailure = reason
    let othersMayOpen = seats.contains { if case .opening = $0.phase { true } else { false } }
    guard !everOpened, !othersMayOpen else { return [] }
    return letGo { _ in true }.map { Assignment(waiter: $0, result: .failure(reason)) }
  }

  /// Those who have waited for a connection until their deadline.
  package mutating func expire(now: UInt64) -> [Assignment<Waiter>] {
    // A seat that is tried again after failures has none but failed attempts so far.
    let haveAllFailed = seats.allSatisfy { $0.failures > 0 }
    let error =
      haveAllFailed
      ? TesseraClientError(
        .connectionFailed,
        "no connection to a server could be opened before the deadline passed; are they running?",
        underlying: lastFailure)
      : TesseraClientError(
        .deadlineExceeded,
        "a connection to a server was still being opened when the deadline passed",
        underlying: lastFailure)
    return letGo { $0.deadline <= now }.map { Assignment(waiter: $0, result: .failure(error)) }
  }

  /// The client is closed. Returns everyone who waited.
  package mutating func close() -> [Assignment<Waiter>] {
    isClosed = true
    let error = TesseraClientError(.closed, "the client has been closed")
    return letGo { _ in true }.map { Assignment(waiter: $0, result: .failure(error)) }
  }

  private func seat(of connection: ConnectionID) -> Int? {
    seats.firstIndex { seat in
      switch seat.phase {
      case .opening(connection), .open(connection, _, _): true
      case .vacant, .opening, .open: false
      }
    }
  }
}
