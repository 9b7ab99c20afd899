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
    /// Answer WELCOME with this protocol version.
    case welcome(version: UInt8)
    /// Find the model, then call ``bound(_:)`` or answer ERROR.
    case bind(BindBody)
    /// Decode the body with the model of this handle and submit it; then call ``submitted()``.
    case score(handle: Int)
    /// Answer PONG with the same body.
    case pong
    /// Answer ERROR; the connection goes on.
    case refuse(WireError)
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

  private enum Phase { case awaitingHello, open, draining, closing, closed }

  package let limits: FrameLimits
  private let timeouts: ConnectionTimeouts
  private let credential: [UInt8]
  private var phase = Phase.awaitingHello
  /// The server has begun to stop before HELLO came.
  private var isTooLate = false
  private var handles = Handles()
  /// SCORE frames that are submitted and not answered.
  package private(set) var inFlight = 0
  private let opened: Int64
  /// When the first byte of the frame that is not complete yet arrived.
  private var frameBegan: Int64?
  /// Since when replies have piled up to the limit.
  private var stalledSince: Int64?
  private var closingSince: Int64 = 0

  /// - Parameter credential: what HELLO must carry; empty = anything goes.
  /// - Parameter now: nanoseconds of the clock that all later calls use.
  package init(
    limits: FrameLimits = .standard, timeouts: ConnectionTimeouts = ConnectionTimeouts(),
    credential: [UInt8] = [], now: Int64
  ) {
    self.limits = limits
    self.timeouts = timeouts
    self.credential = credential
    opened = now
  }

  // MARK: Frames

  /// A whole frame arrived, its checksum verified. The body is read, not kept.
  package mutating func received(_ header: FrameHeader, body: RawSpan) -> FrameAction {
    switch phase {
    case .closing, .closed: return .ignore
    case .awaitingHello: return greet(header, body: body)
    case .open, .draining: break
    }
    do {
      switch header.kind {
      case .score: return try score(body)
      case .ping: return .pong
      case .bind:
        if phase == .draining { return .refuse(Refusal.draining.wireError) }
        return .bind(try BindBody(decoding: body))
      case .hello:
        return .close(WireError(.expectedHello, "HELLO is sent once, first"))
      default:
        return .close(WireError(.badFrame, "a client does not send frames of kind \(header.kind)"))
      }
    } catch {
      return .refuse(error)
    }
  }

  /// The stream could not be read as frames.
  package mutating func received(_ error: WireError) -> FrameAction {
    phase == .closing || phase == .closed ? .ignore : .close(error)
  }

  private mutating func greet(_ header: FrameHeader, body: RawSpan) -> FrameAction {
    guard header.kind == .hello else {
      return .close(
        WireError(.expectedHello, "the first frame is \(header.kind), HELLO was expected"))
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
      phase = .open
      return .welcome(version: 1)
    } catch {
      return .close(error)
    }
  }

  private func score(_ body: RawSpan) throws(WireError) -> FrameAction {
    if phase == .draining { return .refuse(Refusal.draining.wireError) }
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
    return .score(handle: handle)
  }

  /// The model that a `score` action's handle means.
  package func model(handle: Int) -> BoundModel? { handles[handle] }

  /// BIND found its model; returns the handle, or nil when all are taken.
  package mutating func bound(_ model: BoundModel) -> Int? {
    handles.add(model, handlesMax: limits.handlesMax)
  }

  /// A SCORE frame was accepted and will be answered.
  package mutating func submitted() { inFlight += 1 }

  /// An accepted SCORE frame was answered, or dropped because the client had gone.
  package mutating func answered() { inFlight -= 1 }

  // MARK: Time

  /// All bytes of a read were used. `isMidFrame`: a frame has begun and is not complete.
  package mutating func readEnded(isMidFrame: Bool, completedFrame: Bool, now: Int64) {
    guard isMidFrame else {
      frameBegan = nil
      return
    }
    if frameBegan == nil || completedFrame { frameBegan = now }
  }

  /// Reading starts again after the server itself had stopped it: the peer is not to blame for the
  /// time between.
  package mutating func readingResumed(now: Int64) {
    if frameBegan != nil { frameBegan = now }
  }

  /// Replies pile up to the limit, or flow again.
  package mutating func repliesStalled(_ isStalled: Bool, now: Int64) {
    stalledSince = isStalled ? stalledSince ?? now : nil
  }

  /// To be called now and then. `isReading`: the server is not itself holding back the stream.
  package mutating func tick(now: Int64, isReading: Bool) -> TimeAction {
    switch phase {
    case .closed: return .none
    case .closing: return now - closingSince >= timeouts.linger ? .abort : .none
    case .awaitingHello where now - opened >= timeouts.hello:
      return .close(WireError(.timeout, "no HELLO within \(timeouts.hello / 1_000_000) ms"))
    case .awaitingHello, .open, .draining: break
    }
    if let stalledSince, now - stalledSince >= timeouts.stalledReplies { return .abort }
    if isReading, let frameBegan, now - frameBegan >= timeouts.frame {
      return .close(
        WireError(.timeout, "a frame was not complete after \(timeouts.frame / 1_000_000) ms"))
    }
    return .none
  }

  // MARK: The end

  /// The server is about to stop. Returns true when the peer must be told by GOAWAY.
  package mutating func drain() -> Bool {
    switch phase {
    case .open:
      phase = .draining
      return true
    case .awaitingHello:
      isTooLate = true
      return false
    case .draining, .closing, .closed:
      return false
    }
  }

  /// The last frame to the peer was written; nothing more is read from it.
  package mutating func beginClosing(now: Int64) {
    guard phase != .closed else { return }
    phase = .closing
    closingSince = now
  }

  /// The socket is closed.
  package mutating func closed() { phase = .closed }

  /// Whether frames are still read and answered.
  package var isServing: Bool { phase == .open || phase == .draining || phase == .awaitingHello }
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
