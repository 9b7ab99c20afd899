package import TesseraWire

/// One connection as a state machine: an event goes in, what to do comes out. It holds no socket
/// and reads no clock, so that a test can play any transcript to it.
///
/// ```
/// awaitingHello ──HELLO──► open ──drain──► draining
///       └──────────┬─────────┴─────────────────┘ an error that ends trust, a timeout
///                  ▼
///               closing ──the peer closes, or the linger time is over──► closed
/// ```
package struct ConnectionMachine: ~Copyable {
  /// What to do with a frame.
  package enum FrameAction: Hashable, Sendable {
    /// Answer WELCOME with this protocol version and these capabilities.
    case welcome(version: UInt8, Capabilities)
    /// Find the model, then call ``bound(_:)`` or answer ERROR.
    case bind(BindBody)
    /// Decode the body with the model of this handle and submit it; then call ``submitted(heldBytes:)``.
    case score(handle: Int)
    /// Answer UNBOUND.
    case unbound
    /// Nobody waits any more for the request with the frame's id. No answer of its own.
    case cancel
    /// Answer LISTED.
    case list(ListBody)
    /// Answer PONG with the same body.
    case pong
    /// Answer ERROR; the connection goes on.
    case refuse(WireError)
    /// Answer ERROR for what is no fault of the frame; the connection goes on.
    case decline(Refusal)
    /// Answer ERROR, then close.
    case close(WireError)
    /// Nothing: the connection is closing.
    case ignore
  }

  /// What to do when time has passed.
  package enum TimeAction: Hashable, Sendable {
    case none
    /// Say why in a GOAWAY, then close.
    case close(WireError)
    /// Close the socket now: the peer does not read, or had its time.
    case abort
  }

  private enum Phase {
    /// `isTooLate`: the server has begun to stop before HELLO came.
    case awaitingHello(since: Int64, isTooLate: Bool)
    case open(Capabilities)
    case draining(Capabilities)
    case closing(since: Int64)
    case closed
  }

  package let limits: FrameLimits
  private let timeouts: ConnectionTimeouts
  private let credential: [UInt8]
  private let defaultDeadlineNanoseconds: Int64
  private var phase: Phase
  private var handles = Handles()
  /// SCORE frames that are submitted and not answered.
  package private(set) var inFlight = 0
  /// When the first byte of the frame that is not complete yet arrived.
  private var frameBegan: Int64?
  private var backpressure = Backpressure()
  private var controlPace = Pace(
    perSecond: ServingLimits.controlFramesPerSecond, burst: ServingLimits.controlFramesBurst)
  /// When the peer was last heard.
  private var lastHeard: Int64

  /// - Parameter credential: what HELLO must carry; empty = anything goes.
  /// - Parameter defaultDeadlineNanoseconds: of requests that name none.
  /// - Parameter now: nanoseconds of the clock that all later calls use.
  package init(
    limits: FrameLimits = .standard, timeouts: ConnectionTimeouts = ConnectionTimeouts(),
    credential: [UInt8] = [], defaultDeadlineNanoseconds: Int64, now: Int64
  ) {
    self.limits = limits
    self.timeouts = timeouts
    self.credential = credential
    self.defaultDeadlineNanoseconds = defaultDeadlineNanoseconds
    phase = .awaitingHello(since: now, isTooLate: false)
    lastHeard = now
  }

  // MARK: Frames

  /// Which frames may come now; the others are refused on their header.
  package var accepted: AcceptedFrames {
    switch phase {
    case .awaitingHello: .fromStranger
    case .open(let granted), .draining(let granted):
      .fromClient(granted, bodyBytesMax: limits.bodyBytesMax)
    case .closing, .closed: .fromClient([])
    }
  }

  /// What HELLO asked for and WELCOME granted.
  package var capabilities: Capabilities {
    switch phase {
    case .open(let granted), .draining(let granted): granted
    case .awaitingHello, .closing, .closed: []
    }
  }

  /// A whole frame arrived, its checksum verified. The body is read, not kept.
  ///
  /// - Parameter isFull: whether the server has no place or no memory for another request.
  package mutating func received(
    _ header: FrameHeader, body: RawSpan, isFull: Bool, now: Int64
  ) -> FrameAction {
    if header.kind.isControl { controlPace.count(now: now) }
    let isDraining: Bool
    switch phase {
    case .closing, .closed: return .ignore
    case .awaitingHello(_, let isTooLate): return greet(header, body: body, isTooLate: isTooLate)
    case .open: isDraining = false
    case .draining: isDraining = true
    }
    do {
      switch header.kind {
      case .score:
        return isDraining ? .decline(.draining) : try score(body, isFull: isFull)
      case .ping: return .pong
      case .bind: return isDraining ? .decline(.draining) : try bind(body)
      case .unbind: return try unbind(body)
      case .cancel: return .cancel
      case .list: return .list(try ListBody(decoding: body))
      case .hello, .welcome, .bound, .scores, .pong, .unbound, .listed, .error, .goAway:
        // Refused on the header already, by ``accepted``.
        return .close(WireError(.badFrame, "\(header.kind.name) is not for a server, or not now"))
      }
    } catch {
      return .refuse(error)
    }
  }

  /// A frame of which this was the header is passed over unread, because the server has no memory for it.
  package func passedOver(_ header: FrameHeader) -> FrameAction {
    isServing ? .decline(.full) : .ignore
  }

  /// The stream could not be read as frames.
  package mutating func received(_ error: WireError) -> FrameAction {
    isServing ? .close(error) : .ignore
  }

  private mutating func greet(
    _ header: FrameHeader, body: RawSpan, isTooLate: Bool
  ) -> FrameAction {
    guard header.kind == .hello else {
      return .close(
        WireError(.expectedHello, "the first frame is \(header.kind.name), HELLO was expected"))
    }
    do {
      let hello = try HelloBody(decoding: body)
      guard hello.versionMin <= 1, hello.versionMax >= 1 else {
        return .close(
          WireError(
            .unsupportedProtocol, offset: 8,
            "versions \(hello.versionMin)…\(hello.versionMax) asked for, 1 is spoken here"))
      }
      guard credential.isEmpty || isSame(hello.credential, credential) else {
        return .close(WireError(.unauthenticated, "the credential is missing or wrong"))
      }
      guard !isTooLate else { return .close(Refusal.draining.wireError) }
      let granted = hello.capabilities.intersection(.all)
      phase = .open(granted)
      return .welcome(version: 1, granted)
    } catch {
      return .close(error)
    }
  }

  private func bind(_ body: RawSpan) throws(WireError) -> FrameAction {
    let bind = try BindBody(decoding: body)
    guard bind.objectKind == .model else {
      throw WireError(
        .unknownObject, offset: 0,
        "objects of kind \(bind.objectKind.rawValue) are not served here; models are of kind "
          + "\(ObjectKind.model.rawValue)")
    }
    return .bind(bind)
  }

  private mutating func unbind(_ body: RawSpan) throws(WireError) -> FrameAction {
    let handle = Int(try UnbindBody(decoding: body).handle)
    guard handles.remove(handle) else {
      throw WireError(.unknownHandle, offset: 0, "handle \(handle) is not bound here")
    }
    return .unbound
  }

  private func score(_ body: RawSpan, isFull: Bool) throws(WireError) -> FrameAction {
    let handle = try ScoreLayout.peekHandle(body)
    guard handles[handle] != nil else {
      return .refuse(
        WireError(.unknownHandle, offset: 0, "handle \(handle) is not bound here; BIND first"))
    }
    guard inFlight < limits.inFlightMax else {
      return .refuse(
        WireError(
          .tooManyInFlight, "\(inFlight) requests are unanswered on this connection; wait for some")
      )
    }
    guard !isFull else { return .decline(.full) }
    return .score(handle: handle)
  }

  /// The model that a `score` action's handle means.
  package func model(handle: Int) -> BoundModel? { handles[handle] }

  /// BIND found its model; returns the handle, or nil when all are taken.
  package mutating func bound(_ model: BoundModel) -> Int? {
    handles.add(model, handlesMax: limits.handlesMax)
  }

  /// When nobody waits any more for a request that arrived now and names this budget; 0 = none.
  package func deadline(budgetMicroseconds: Int, now: Int64) -> Int64 {
    let budget = Int64(budgetMicroseconds) * 1_000
    return now + (budget > 0 ? budget : defaultDeadlineNanoseconds)
  }

  /// A SCORE frame was accepted: it will be ``answered()`` and ``released(heldBytes:)``. It and its reply take so
  /// many bytes.
  package mutating func submitted(heldBytes: Int) {
    inFlight += 1
    backpressure.hold(heldBytes)
  }

  /// An accepted SCORE frame was answered, or dropped because the client had gone.
  package mutating func answered() { inFlight -= 1 }

  /// No worker has an accepted SCORE frame any more; one that was cancelled was answered before.
  package mutating func released(heldBytes: Int) { backpressure.release(heldBytes) }

  // MARK: Backpressure

  /// Whether the next frame that has arrived may be handled now; ``isPaced(now:)`` tells why not.
  package func mayHandle(now: Int64) -> Bool {
    isServing && backpressure.isWithinBounds && !isPaced(now: now)
  }

  /// Whether the peer has sent so many frames which are answered there and then that the next one waits.
  package func isPaced(now: Int64) -> Bool { !controlPace.allows(now: now) }

  /// Frames have arrived that may not be handled yet, or none are left of them: then more may be read.
  package mutating func framesArrived(_ hasArrived: Bool) { backpressure.hasArrived = hasArrived }

  /// The channel asks to read: whether it may now; else ``resumesReading(now:)`` says when.
  ///
  /// A connection that is closing is read, to find its end; what it sends is thrown away.
  package mutating func mayRead() -> Bool { backpressure.askToRead(isEnding: !isServing) }

  /// Whether to read now what the channel asked for earlier. The peer is not to blame for the time
  /// between.
  package mutating func resumesReading(now: Int64) -> Bool {
    guard backpressure.resume(isEnding: !isServing) else { return false }
    if frameBegan != nil { frameBegan = now }
    return true
  }

  /// Whether the channel may read as it likes; if not, ``resumesReading(now:)`` is worth a look.
  package var isReading: Bool { !backpressure.isReadPending }

  /// Replies pile up to the limit, or flow again.
  package mutating func repliesStalled(_ isStalled: Bool, now: Int64) {
    backpressure.repliesStalled(isStalled, now: now)
  }

  // MARK: Time

  /// All bytes of a read were used. `isMidFrame`: a frame has begun and is not complete.
  package mutating func readEnded(isMidFrame: Bool, completedFrame: Bool, now: Int64) {
    lastHeard = now
    guard isMidFrame else {
      frameBegan = nil
      return
    }
    if frameBegan == nil || completedFrame { frameBegan = now }
  }

  /// To be called now and then.
  package mutating func tick(now: Int64) -> TimeAction {
    switch phase {
    case .closed: return .none
    case .closing(let since): return now - since >= timeouts.linger ? .abort : .none
    case .awaitingHello(let since, _) where now - since >= timeouts.hello:
      return .close(WireError(.timeout, "no HELLO within \(timeouts.hello / 1_000_000) ms"))
    case .awaitingHello, .open, .draining: break
    }
    if let since = backpressure.stalledSince, now - since >= timeouts.stalledReplies {
      return .abort
    }
    // While the server itself holds the stream back, a frame may take its time.
    if !backpressure.isReadPending, let frameBegan, now - frameBegan >= timeouts.frame {
      return .close(
        WireError(.timeout, "a frame was not complete after \(timeouts.frame / 1_000_000) ms"))
    }
    if inFlight == 0, now - lastHeard >= timeouts.idle {
      return .close(
        WireError(
          .timeout, "nothing was heard for \(timeouts.idle / 1_000_000_000) s; PING to stay"))
    }
    return .none
  }

  // MARK: The end

  /// The server is about to stop. Returns true when the peer must be told by GOAWAY.
  package mutating func drain() -> Bool {
    switch phase {
    case .open(let granted):
      phase = .draining(granted)
      return true
    case .awaitingHello(let since, _):
      phase = .awaitingHello(since: since, isTooLate: true)
      return false
    case .draining, .closing, .closed:
      return false
    }
  }

  /// The last frame to the peer was written; nothing more is read from it.
  package mutating func beginClosing(now: Int64) {
    switch phase {
    case .awaitingHello, .open, .draining, .closing: phase = .closing(since: now)
    case .closed: break
    }
  }

  /// The socket is closed.
  package mutating func closed() { phase = .closed }

  /// Whether frames are still read and answered.
  package var isServing: Bool {
    switch phase {
    case .awaitingHello, .open, .draining: true
    case .closing, .closed: false
    }
  }
}

extension FrameKind {
  /// Whether a client's frame is answered there and then, by the event loop.
  package var isControl: Bool {
    switch self {
    case .bind, .unbind, .list, .ping: true
    // Once, for the workers, or without an answer of its own.
    case .hello, .score, .cancel: false
    case .welcome, .bound, .scores, .pong, .unbound, .listed, .error, .goAway: false
    }
  }
}

/// Compares in a time that does not depend on where the two differ.
private func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in left.indices { difference |= left[index] ^ right[index] }
  return difference == 0
}

extension Refusal {
  /// As an error of the connection, without a place.
  package var wireError: WireError { WireError(code, text) }
}
