// What a connection decides when the server has sent a frame.

import FrameStream
package import TesseraWire

/// A frame from the server, decoded as far as the decision needs it.
package enum Reply: Equatable {
  case welcome(WelcomeBody)
  case bound(requestID: UInt64, BoundBody)
  case scores(requestID: UInt64)
  case listed(requestID: UInt64, ListedBody)
  case error(requestID: UInt64, ErrorBody)
  case goAway(GoAwayBody)
  case pong(requestID: UInt64)
  /// A kind that no client is sent at this version, or an answer to nothing that was asked.
  case unexpected(FrameKind)
}

package enum ReplyAction {
  /// Nobody is concerned.
  case none
  /// The connection may be used.
  case ready(FrameLimits)
  /// Everybody who asked for this binding has it.
  case bound(ModelReference, Binding, [CallerID])
  case bindRefused(ErrorBody, [CallerID])
  /// The frame's scores are this caller's.
  case scores(CallerID)
  /// The caller is nil when it has stopped waiting.
  case listed(ListedBody, CallerID?)
  case listRefused(ErrorBody, CallerID?)
  /// The caller is nil when it has stopped waiting.
  case scoreRefused(ErrorBody, CallerID?)
  /// As `scoreRefused`; moreover the binding with this handle does not hold any more.
  case bindingExpired(handle: UInt16, ErrorBody, CallerID?)
  /// The server wants no new requests on this connection.
  case drain(GoAwayBody)
  /// Close the socket and call `closed(reason:)`.
  case close(TesseraClientError)
}

extension ConnectionStateMachine {
  /// The server has sent `reply`. When ``isDrained()`` is true afterwards, close the socket.
  package mutating func received(_ reply: Reply) -> ReplyAction {
    switch (state, reply) {
    case (.closed, _):
      return .none
    case (.greeting, .welcome(let welcome)):
      guard welcome.version == ClientLimits.protocolVersion else {
        return .close(violation("the server chose protocol version \(welcome.version)"))
      }
      guard Capabilities.all.isSuperset(of: welcome.capabilities) else {
        return .close(violation("the server granted capabilities that were not asked for"))
      }
      limits = welcome.limits
      capabilities = welcome.capabilities
      state = .ready
      return .ready(welcome.limits)
    case (.greeting, .error(_, let error)):
      return .close(TesseraClientError(error, during: "the greeting"))
    case (_, .goAway(let body)):
      drain(because: body.code, body.text)
      return .drain(body)
    case (.ready, .error(_, let error)) where error.code.closesConnection,
      (.draining, .error(_, let error)) where error.code.closesConnection:
      return .close(TesseraClientError(error, during: "the connection"))
    case (.ready, .bound(let id, let body)), (.draining, .bound(let id, let body)):
      return bound(id, body)
    case (.ready, .scores(let id)), (.draining, .scores(let id)):
      return scores(id)
    case (.ready, .listed(let id, let body)), (.draining, .listed(let id, let body)):
      guard case .list = inFlight[id]?.kind, let entry = inFlight.remove(id) else {
        return .close(violation("the server answered LISTED to \(id), which is no LIST"))
      }
      return .listed(body, entry.caller)
    case (.ready, .pong(let id)), (.draining, .pong(let id)):
      guard case .ping = inFlight[id]?.kind, inFlight.remove(id) != nil else {
        return .close(violation("the server answered PONG to \(id), which is no PING"))
      }
      isPinging = false
      return .none
    case (.ready, .error(let id, let error)), (.draining, .error(let id, let error)):
      return refused(id, error)
    case (.idle, _), (.greeting, _), (.ready, _), (.draining, _):
      return .close(violation("the server sent \(reply.frameName), which nothing had asked for"))
    }
  }

  private mutating func bound(_ requestID: UInt64, _ body: BoundBody) -> ReplyAction {
    guard case .bind(let model) = inFlight[requestID]?.kind else {
      return .close(violation("the server answered BOUND to \(requestID), which is no BIND"))
    }
    _ = inFlight.remove(requestID)
    let binding = Binding(body)
    let callers = waiters(for: model)
    bindings[model] = .bound(binding)
    return .bound(model, binding, callers)
  }

  private mutating func scores(_ requestID: UInt64) -> ReplyAction {
    // Looked at before it is taken out: whoever waits for another reply is told when the connection closes.
    guard case .score = inFlight[requestID]?.kind, let entry = inFlight.remove(requestID) else {
      return .close(violation("the server answered SCORES to \(requestID), which is no SCORE"))
    }
    guard let caller = entry.caller else { return .none }
    return .scores(caller)
  }

  private mutating func refused(_ requestID: UInt64, _ error: ErrorBody) -> ReplyAction {
    guard let entry = inFlight.remove(requestID) else {
      return .close(violation("the server answered ERROR to \(requestID), which was not asked"))
    }
    if error.code == .draining { drain(because: error.code, error.text) }
    switch entry.kind {
    case .bind(let model):
      let callers = waiters(for: model)
      bindings[model] = nil
      // The server remembers every handle as long as the connection lasts; a new connection has room.
      if error.code == .limit { drain(because: error.code, error.text) }
      return .bindRefused(error, callers)
    case .list:
      return .listRefused(error, entry.caller)
    case .ping:
      // It is there, which is all that was asked.
      isPinging = false
      return .none
    case .score(let handle):
      guard error.retry == .afterBinding else {
        return .scoreRefused(error, entry.caller)
      }
      forget(handle)
      return .bindingExpired(handle: handle, error, entry.caller)
    }
  }

  private mutating func drain(because code: ErrorCode, _ text: String) {
    state = .draining
    drainReason = TesseraClientError(
      .draining, "the server is closing this connection with \(code.name): \(text)")
  }

  private func waiters(for model: ModelReference) -> [CallerID] {
    guard case .asked(let waiters) = bindings[model] else { return [] }
    return waiters.map(\.caller)
  }

  /// The next request for the model of this handle binds again.
  private mutating func forget(_ handle: UInt16) {
    for (model, binding) in bindings {
      if case .bound(let binding) = binding, binding.handle == handle { bindings[model] = nil }
    }
  }

  private func violation(_ message: String) -> TesseraClientError {
    TesseraClientError(
      .protocolViolation, message + "; the connection is closed, for its stream is in doubt")
  }
}

extension Reply {
  var frameName: String {
    switch self {
    case .welcome: "WELCOME"
    case .bound: "BOUND"
    case .scores: "SCORES"
    case .listed: "LISTED"
    case .error: "ERROR"
    case .goAway: "GOAWAY"
    case .pong: "PONG"
    case .unexpected(let kind): kind.name
    }
  }
}
