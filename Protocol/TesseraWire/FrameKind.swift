/// The second field of a frame's header. All other values are reserved.
public enum FrameKind: UInt8, Hashable, Sendable, CaseIterable {
  /// Client → server, first and once.
  case hello = 0x01
  /// Client → server: a model's name becomes a handle.
  case bind = 0x02
  /// Client → server: columns to score.
  case score = 0x03
  /// Client → server: is anybody there.
  case ping = 0x04
  /// Answers HELLO.
  case welcome = 0x81
  /// Answers BIND.
  case bound = 0x82
  /// Answers SCORE.
  case scores = 0x83
  /// Answers PING with its bytes.
  case pong = 0x84
  /// Answers any request that failed.
  case error = 0xFE
  /// Server → client: this connection ends soon.
  case goAway = 0xFF

  /// Whether a client sends it (else a server does).
  public var isRequest: Bool { rawValue & 0x80 == 0 }

  /// The longest body that this kind can have in version 1. Checked on the header, so that a peer
  /// cannot make the other side buffer a megabyte for a PING.
  public var bodyBytesMax: Int {
    switch self {
    case .hello: HelloBody.fixedByteCount + Limits.credentialBytesMax
    case .bind: BindBody.fixedByteCount + 2 * Limits.nameBytesMax
    case .score: Limits.bodyBytesMax
    case .ping, .pong: Limits.pingBytesMax
    case .welcome: WelcomeBody.fixedByteCount + Limits.nameBytesMax
    case .bound:
      BoundBody.fixedByteCount + Limits.columnsMax * (3 + Limits.nameBytesMax)
        + Limits.outputsMax * (1 + Limits.nameBytesMax)
    case .scores: ScoresFrame.fixedBodyByteCount + Limits.outputsMax * Limits.rowsMax * 4
    case .error: ErrorBody.fixedByteCount + Limits.textBytesMax
    case .goAway: GoAwayBody.fixedByteCount + Limits.textBytesMax
    }
  }
}
