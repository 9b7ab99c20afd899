/// WELCOME: the version that both sides now speak, and what this server grants.
public struct WelcomeBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.welcome
  static let fixedByteCount = 48
  static let byteCountMax = fixedByteCount + 2 * Limits.nameBytesMax

  /// How long this server waits, and for what.
  public struct Times: Hashable, Sendable {
    /// From a frame's first byte to its last.
    public var frameTimeoutMilliseconds: UInt32
    /// The deadline of a SCORE that names none.
    public var defaultDeadlineMicroseconds: UInt32
    /// From GOAWAY `DRAINING` until the server closes at the latest.
    public var drainMilliseconds: UInt32

    /// All three.
    public init(
      frameTimeoutMilliseconds: UInt32, defaultDeadlineMicroseconds: UInt32,
      drainMilliseconds: UInt32
    ) {
      self.frameTimeoutMilliseconds = frameTimeoutMilliseconds
      self.defaultDeadlineMicroseconds = defaultDeadlineMicroseconds
      self.drainMilliseconds = drainMilliseconds
    }
  }

  /// The chosen protocol version.
  public var version: UInt8
  /// What of the client's capabilities may be used on this connection.
  public var capabilities: Capabilities
  /// What this server grants.
  public var limits: FrameLimits
  /// How long this server waits.
  public var times: Times
  /// For people, 1…``Limits/nameBytesMax`` bytes: the product.
  public var serverName: String
  /// For people, at most ``Limits/nameBytesMax`` bytes: the product's release; may be empty.
  public var release: String

  /// A greeting with the protocol's own limits, unless others are given.
  public init(
    version: UInt8 = 1, capabilities: Capabilities = [], limits: FrameLimits = .standard,
    times: Times, serverName: String, release: String = ""
  ) {
    self.version = version
    self.capabilities = capabilities
    self.limits = limits
    self.times = times
    self.serverName = serverName
    self.release = release
  }

  /// - Throws: `MALFORMED`; `LIMIT` for a limit of 0 or one above the protocol's; `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    version = try reader.integer(body, UInt8.self, "version")
    guard try reader.integer(body, UInt8.self, "reserved") == 0 else {
      throw WireError(.malformed, offset: 1, "the reserved byte is not 0")
    }
    capabilities = Capabilities(
      rawValue: try reader.integer(body, UInt64.self, "capabilities"))
    limits = FrameLimits(
      usersMax: try reader.count(body, UInt16.self, 1...Limits.usersMax, "users_max"),
      eventsMax: try reader.count(body, UInt16.self, 1...Limits.eventsMax, "events_max"),
      couponsMax: try reader.count(body, UInt16.self, 1...Limits.couponsMax, "coupons_max"),
      columnsMax: try reader.count(body, UInt16.self, 1...Limits.columnsMax, "columns_max"),
      inFlightMax: try reader.count(body, UInt16.self, 1...Limits.inFlightMax, "in_flight_max"),
      handlesMax: try reader.count(body, UInt16.self, 1...Limits.handlesMax, "handles_max"))
    limits.rowsMax = try reader.count(body, UInt32.self, 1...Limits.rowsMax, "rows_max")
    limits.numbersMax = try reader.count(body, UInt32.self, 1...Limits.numbersMax, "numbers_max")
    limits.bodyBytesMax = try reader.count(
      body, UInt32.self, 1...Limits.bodyBytesMax, "body_bytes_max")
    times = Times(
      frameTimeoutMilliseconds: try reader.integer(body, UInt32.self, "frame_timeout_ms"),
      defaultDeadlineMicroseconds: try reader.integer(body, UInt32.self, "default_deadline_us"),
      drainMilliseconds: try reader.integer(body, UInt32.self, "drain_ms"))
    let nameCount = try reader.count(
      body, UInt8.self, 1...Limits.nameBytesMax, "server_name_length")
    let releaseCount = try reader.count(
      body, UInt8.self, 0...Limits.nameBytesMax, "release_length")
    serverName = try reader.text(body, nameCount, "server_name")
    release = try reader.text(body, releaseCount, "release")
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a name that is empty or too long.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkName(serverName, "server_name")
    try checkCount(release.utf8.count, 0...Limits.nameBytesMax, "release")
    bytes.append(version)
    bytes.append(0)
    bytes.appendLittleEndian(capabilities.rawValue)
    for limit in [
      limits.usersMax, limits.eventsMax, limits.couponsMax, limits.columnsMax, limits.inFlightMax,
      limits.handlesMax,
    ] {
      bytes.appendLittleEndian(UInt16(clamping: limit))
    }
    for limit in [limits.rowsMax, limits.numbersMax, limits.bodyBytesMax] {
      bytes.appendLittleEndian(UInt32(clamping: limit))
    }
    bytes.appendLittleEndian(times.frameTimeoutMilliseconds)
    bytes.appendLittleEndian(times.defaultDeadlineMicroseconds)
    bytes.appendLittleEndian(times.drainMilliseconds)
    bytes.append(UInt8(serverName.utf8.count))
    bytes.append(UInt8(release.utf8.count))
    bytes.append(contentsOf: serverName.utf8)
    bytes.append(contentsOf: release.utf8)
  }
}
