/// Where a Tessera server listens.
public struct ServerAddress: Hashable, Sendable {
  /// A name or a numeric address.
  public var host: String
  /// The TCP port.
  public var port: Int

  /// `host` and `port` as given; a name is resolved at every connect.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

extension ServerAddress: LosslessStringConvertible {
  /// Reads `host:port`; an IPv6 address stands in brackets. Nil when it is something else.
  public init?(_ description: String) {
    guard let colon = description.lastIndex(of: ":"),
      let port = UInt16(description[description.index(after: colon)...]), port > 0
    else { return nil }
    var host = description[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: Int(port))
  }

  /// `host:port`.
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

extension TesseraClient {
  /// How a client behaves. The defaults suit a service next to its servers.
  public struct Configuration: Sendable {
    /// Connections kept open to every server, 1 to 64. Each carries up to 1,024 requests at once, so this is
    /// about spreading them over the server's cores, not about how many run at once.
    public var connectionsPerServer = 2
    /// Calls that may be unanswered at once; one more fails with `tooManyInFlight`. Bounds memory, and
    /// tells a caller early that it asks for more than the servers give.
    public var inFlightMax = 4_096
    /// The deadline of calls that give none.
    public var deadline = Duration.seconds(1)
    /// From the start of connecting until the server has greeted.
    public var connectTimeout = Duration.seconds(5)
    /// The pause before the second attempt to connect. It doubles with every further failure.
    public var reconnectPause = Duration.milliseconds(50)
    /// The longest pause between attempts to connect.
    public var reconnectPauseMax = Duration.seconds(5)
    /// Shown to the server in the greeting; at most 256 bytes, empty where the server asks for none.
    public var credential: [UInt8] = []

    /// The defaults.
    public init() {}
  }
}

extension Duration {
  /// Whole nanoseconds, between 0 and a day.
  var clampedNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < ClientLimits.deadlineSecondsMax else {
      return UInt64(ClientLimits.deadlineSecondsMax) * 1_000_000_000
    }
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
  }
}
