/// The second field of a frame's header. All other values are reserved.
public enum FrameKind: UInt8, Hashable, Sendable, CaseIterable {
  /// Client → server, first and once.
  case hello = 0x01
  /// Client → server: an object's name becomes a handle.
  case bind = 0x02
  /// Client → server: columns to score.
  case score = 0x03
  /// Client → server: is anybody there.
  case ping = 0x04
  /// Client → server: a handle is not needed any more.
  case unbind = 0x05
  /// Client → server: nobody waits any more for the SCORE with the same request id.
  case cancel = 0x06
  /// Client → server: what is served here.
  case list = 0x07
  /// Answers HELLO.
  case welcome = 0x81
  /// Answers BIND.
  case bound = 0x82
  /// Answers SCORE.
  case scores = 0x83
  /// Answers PING with its bytes.
  case pong = 0x84
  /// Answers UNBIND.
  case unbound = 0x85
  /// Answers LIST.
  case listed = 0x87
  /// Answers any request that failed.
  case error = 0xFE
  /// Server → client: this connection ends soon.
  case goAway = 0xFF

  /// Who sends a frame.
  public enum Sender: Hashable, Sendable { case client, server }

  /// What is known of a kind before its body has come.
  struct Traits {
    var name: String
    var sender: Sender
    /// Must have been granted; empty = every peer of version 1 has it.
    var capability: Capabilities = []
    /// The longest body: a peer cannot make the other side buffer a megabyte for a PING.
    var bodyBytesMax: Int
  }

  /// The one table of kinds, the same as in `SPEC.md`.
  var traits: Traits {
    switch self {
    case .hello:
      Traits(name: "HELLO", sender: .client, bodyBytesMax: HelloBody.byteCountMax)
    case .bind: Traits(name: "BIND", sender: .client, bodyBytesMax: BindBody.byteCountMax)
    case .score: Traits(name: "SCORE", sender: .client, bodyBytesMax: Limits.bodyBytesMax)
    case .ping: Traits(name: "PING", sender: .client, bodyBytesMax: Limits.pingBytesMax)
    case .unbind: Traits(name: "UNBIND", sender: .client, bodyBytesMax: UnbindBody.byteCount)
    case .cancel:
      Traits(name: "CANCEL", sender: .client, capability: .cancelling, bodyBytesMax: 0)
    case .list:
      Traits(
        name: "LIST", sender: .client, capability: .listing, bodyBytesMax: ListBody.byteCount)
    case .welcome:
      Traits(name: "WELCOME", sender: .server, bodyBytesMax: WelcomeBody.byteCountMax)
    case .bound: Traits(name: "BOUND", sender: .server, bodyBytesMax: BoundBody.byteCountMax)
    case .scores: Traits(name: "SCORES", sender: .server, bodyBytesMax: ScoresFrame.bodyBytesMax)
    case .pong: Traits(name: "PONG", sender: .server, bodyBytesMax: Limits.pingBytesMax)
    case .unbound: Traits(name: "UNBOUND", sender: .server, bodyBytesMax: 0)
    case .listed:
      Traits(
        name: "LISTED", sender: .server, capability: .listing,
        bodyBytesMax: ListedBody.byteCountMax)
    case .error: Traits(name: "ERROR", sender: .server, bodyBytesMax: ErrorBody.byteCountMax)
    case .goAway: Traits(name: "GOAWAY", sender: .server, bodyBytesMax: GoAwayBody.byteCountMax)
    }
  }

  /// As in `SPEC.md`.
  public var name: String { traits.name }
  /// Who sends it.
  public var sender: Sender { traits.sender }
  /// What must have been granted before it may be sent.
  public var capability: Capabilities { traits.capability }
  /// The longest body that it can have in version 1, in bytes.
  public var bodyBytesMax: Int { traits.bodyBytesMax }
}
