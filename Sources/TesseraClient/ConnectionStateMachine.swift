// What one connection to a server decides: who may send what now, whom a reply belongs to, when a
// binding is stale, when the connection must close. It is told what happened (a method call) and answers
// what to do (a value); it does no I/O, reads no clock and knows no task, so that a test reads like a
// transcript. The client library and the load tester perform its answers, each in its own way.
//
//   idle ──opened──► greeting ──WELCOME──► ready ──GOAWAY──► draining ──nothing in flight──► close
//                        └────────── any rule broken, or the socket gone ──────────► closed

import FrameStream
package import TesseraWire

/// Who asked, in the performer's own numbers. Unless the answer to a call is immediate, the machine hands the number
/// back exactly once: with a reply, when time is over, or at the end.
package struct CallerID: Hashable, Sendable {
  package let rawValue: UInt64

  package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

package struct ConnectionStateMachine: ~Copyable {
  package enum State: Equatable {
    case idle, greeting, ready, draining, closed
  }

  struct InFlight {
    enum Kind {
      case score(handle: UInt16)
      case bind(ModelReference)
      case list
      case ping
    }
    let kind: Kind
    /// Who gets the reply; nil once they have stopped waiting.
    var caller: CallerID?
    /// When the caller stops waiting.
    let deadline: UInt64
  }

  struct Waiter {
    let caller: CallerID
    let deadline: UInt64
  }

  enum BindingState {
    case asked([Waiter])
    case bound(Binding)
  }

  package internal(set) var state = State.idle
  var inFlight = InFlightTable<InFlight>()
  var bindings: [ModelReference: BindingState] = [:]
  /// What the server said it accepts. Meaningful from WELCOME on.
  package internal(set) var limits: FrameLimits?
  /// What of ``Capabilities/all`` the server granted. Empty before WELCOME.
  package internal(set) var capabilities: Capabilities = []
  /// Requests that nobody waits for any more and that the server has not been told of.
  private var uncancelled: [UInt64] = []
  /// A PING is unanswered.
  var isPinging = false
  /// Why the server wants no more requests on this connection, once that is so.
  package internal(set) var drainReason = TesseraClientError(
    .draining, "the connection is being closed")
  /// Why nothing more may be sent, once the connection is closed.
  package internal(set) var closeReason: TesseraClientError?

  package init() {}

  /// Requests that the server has not answered, those that nobody waits for any more among them.
  package var inFlightCount: Int { inFlight.count }

  /// Whether the server would take one more request now.
  package var hasRoom: Bool {
    guard state == .ready, let limits else { return false }
    return inFlightCount < limits.inFlightMax
  }

  /// Whether the connection is draining and nobody waits for it any more: it is to be closed.
  ///
  /// - Complexity: O(requests in flight) while draining, O(1) otherwise.
  package mutating func isDrained() -> Bool {
    guard state == .draining else { return false }
    var waits = bindings.values.contains {
      if case .asked(let waiters) = $0 { !waiters.isEmpty } else { false }
    }
    inFlight.updateEach { _, entry in if entry.caller != nil { waits = true } }
    return !waits
  }

  /// What the server may send now.
  package var accepted: AcceptedFrames { .fromServer(capabilities) }

  /// The requests for which CANCEL is to be sent, each named once; none where that was not granted.
  package mutating func takeCancellations() -> [UInt64] {
    defer { uncancelled = [] }
    return capabilities.contains(.cancelling) && (state == .ready || state == .draining)
      ? uncancelled : []
  }

  /// The binding of `model` on this connection, if there is one already.
  package func binding(of model: ModelReference) -> Binding? {
    guard case .bound(let binding) = bindings[model] else { return nil }
    return binding
  }
}

// MARK: - What the near side does

package enum SubmitAction {
  /// Send the request with this id.
  case send(requestID: UInt64)
  /// Send nothing: the request can certainly be repeated on another connection.
  case refuse(TesseraClientError)
}

package enum BindAction {
  /// Send BIND with this id; the caller is answered with `bound` or `bindRefused`.
  case send(requestID: UInt64)
  /// Send nothing: the BIND is on its way, and the caller is answered together with the others.
  case join
  /// Send nothing: here is the binding.
  case bound(Binding)
  /// Send nothing: it can be repeated on another connection.
  case refuse(TesseraClientError)
}

extension ConnectionStateMachine {
  /// The socket is open. Send HELLO.
  package mutating func opened() {
    precondition(state == .idle, "a connection opens once")
    state = .greeting
  }

  /// `caller` wants scores from the binding with `handle`, and waits until `deadline`.
  package mutating func score(
    handle: UInt16, deadline: UInt64, caller: CallerID
  ) -> SubmitAction {
    guard hasRoom else { return .refuse(refusalToSend()) }
    return .send(
      requestID: inFlight.insert(
        InFlight(kind: .score(handle: handle), caller: caller, deadline: deadline)))
  }

  /// `caller` needs to know the handle and signature of `model`, and waits until `deadline`.
  package mutating func bind(
    _ model: ModelReference, deadline: UInt64, caller: CallerID
  ) -> BindAction {
    if state != .draining, state != .closed {
      switch bindings[model] {
      case .bound(let binding):
        return .bound(binding)
      case .asked(var waiters):
        waiters.append(Waiter(caller: caller, deadline: deadline))
        bindings[model] = .asked(waiters)
        return .join
      case nil:
        break
      }
    }
    guard hasRoom else { return .refuse(refusalToSend()) }
    bindings[model] = .asked([Waiter(caller: caller, deadline: deadline)])
    return .send(
      requestID: inFlight.insert(InFlight(kind: .bind(model), caller: nil, deadline: deadline)))
  }

  /// `caller` wants to know what is served, and waits until `deadline`.
  package mutating func list(deadline: UInt64, caller: CallerID) -> SubmitAction {
    guard hasRoom else { return .refuse(refusalToSend()) }
    guard capabilities.contains(.listing) else {
      return .refuse(
        TesseraClientError(.unsupported, "this server does not tell what it serves"))
    }
    return .send(
      requestID: inFlight.insert(InFlight(kind: .list, caller: caller, deadline: deadline)))
  }

  /// The server has been silent for long: returns the id of a PING to send, or nil where one is unanswered, or
  /// there is nobody to ask. A server that does not answer it, nor anything else, is given up by ``expire(now:)``.
  package mutating func ping(now: UInt64) -> UInt64? {
    guard state == .ready || state == .draining, !isPinging else { return nil }
    isPinging = true
    return inFlight.insert(InFlight(kind: .ping, caller: nil, deadline: now))
  }

  /// BIND `requestID` could not be written after all. Returns everyone who waited for it.
  package mutating func withdrawBind(
    _ requestID: UInt64, of model: ModelReference
  ) -> [CallerID] {
    _ = inFlight.remove(requestID)
    guard case .asked(let waiters) = bindings.removeValue(forKey: model) else { return [] }
    return waiters.map(\.caller)
  }

  /// Why there is no room.
  private func refusalToSend() -> TesseraClientError {
    switch state {
    case .idle, .greeting:
      TesseraClientError(.connectionFailed, "the connection is not open yet")
    case .draining: drainReason
    case .closed: closeReason ?? TesseraClientError(.closed, "the connection is closed")
    case .ready:
      TesseraClientError(
        .tooManyInFlight,
        "\(inFlightCount) requests of this connection are unanswered, and the server takes no more")
    }
  }

  /// Those for whom `isGone` is true do not wait any more: they are returned, and their replies will be
  /// dropped. The server still works on them, so their places stay taken.
  package mutating func abandon(where isGone: (CallerID) -> Bool) -> [CallerID] {
    var gone: [CallerID] = []
    inFlight.updateEach { requestID, entry in
      if let caller = entry.caller, isGone(caller) {
        gone.append(caller)
        entry.caller = nil
        if case .score = entry.kind { uncancelled.append(requestID) }
      }
    }
    for (model, binding) in bindings {
      guard case .asked(let waiters) = binding,
        waiters.contains(where: { isGone($0.caller) })
      else { continue }
      gone.append(contentsOf: waiters.lazy.map(\.caller).filter(isGone))
      bindings[model] = .asked(waiters.filter { !isGone($0.caller) })
    }
    return gone
  }
}

// MARK: - Time and the end

package struct ExpiryAction {
  /// Whose deadline has passed.
  package var expired: [CallerID] = []
  /// When to ask again; nil when nobody waits.
  package var next: UInt64?
  /// The server owes a reply since so long that the connection is to be closed.
  package var close: TesseraClientError?
}

extension ConnectionStateMachine {
  /// Lets go of everyone whose deadline is at or before `now`.
  ///
  /// - Complexity: O(requests in flight). Meant to be called when the earliest deadline has come.
  package mutating func expire(now: UInt64) -> ExpiryAction {
    var action = ExpiryAction()
    func ask(at time: UInt64) { action.next = min(action.next ?? .max, time) }

    inFlight.updateEach { requestID, entry in
      if let caller = entry.caller {
        if entry.deadline <= now {
          action.expired.append(caller)
          entry.caller = nil
          if case .score = entry.kind { uncancelled.append(requestID) }
        } else {
          ask(at: entry.deadline)
        }
      }
      let owedUntil = entry.deadline &+ ClientLimits.unansweredNanosecondsMax
      if owedUntil <= now {
        action.close = TesseraClientError(
          .connectionLost, "the server has left a request unanswered long after its deadline")
      } else if entry.deadline <= now {
        ask(at: owedUntil)
      }
    }
    for (model, binding) in bindings {
      guard case .asked(let waiters) = binding else { continue }
      var left: [Waiter] = []
      for waiter in waiters {
        if waiter.deadline <= now {
          action.expired.append(waiter.caller)
        } else {
          left.append(waiter)
          ask(at: waiter.deadline)
        }
      }
      bindings[model] = .asked(left)
    }
    return action
  }

  /// The near side wants no more of this connection: what is in flight is finished, nothing is begun.
  package mutating func drain() {
    if state != .closed { state = .draining }
  }

  /// The socket is gone, or is being closed because of `reason`. Returns everyone who still waited; the
  /// first reason given is the one that they are told (``closeReason``).
  package mutating func closed(reason: TesseraClientError) -> [CallerID] {
    if closeReason == nil { closeReason = reason }
    state = .closed
    var left = inFlight.removeAll().compactMap(\.caller)
    for case .asked(let waiters) in bindings.values {
      left.append(contentsOf: waiters.map(\.caller))
    }
    bindings.removeAll()
    return left
  }
}
