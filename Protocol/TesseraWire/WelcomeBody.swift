/// WELCOME: the version that both sides now speak, and what this server grants.
public struct WelcomeBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.welcome
  static let fixedByteCount = 23

  /// The chosen protocol version.
  public var version: UInt8
  /// What this server grants.
  public var limits: FrameLimits
  /// For people, 1…64 bytes: product and release.
  public var serverName: String

  /// A greeting with the protocol's own limits, unless others are given.
  public init(version: UInt8 = 1, limits: FrameLimits = .standard, serverName: String) {
    self.version = version
    self.limits = limits
    self.serverName = serverName
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    version = try reader.integer(body, UInt8.self, "version")
    guard try reader.integer(body, UInt8.self, "reserved") == 0 else {
      throw WireError(.malformed, offset: 1, "the reserved byte is not 0")
    }
    limits = FrameLimits(
      usersMax: Int(try reader.integer(body, UInt16.self, "users_max")),
      eventsMax: Int(try reader.integer(body, UInt16.self, "events_max")),
      couponsMax: Int(try reader.integer(body, UInt16.self, "coupons_max")),
      columnsMax: Int(try reader.integer(body, UInt16.self, "columns_max")),
      inFlightMax: Int(try reader.integer(body, UInt16.self, "in_flight_max")),
      handlesMax: Int(try reader.integer(body, UInt16.self, "handles_max")))
    limits.rowsMax = Int(try reader.integer(body, UInt32.self, "rows_max"))
    limits.bodyBytesMax = Int(try reader.integer(body, UInt32.self, "body_bytes_max"))
    serverName = try reader.name(body, "server_name")
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for a name that is empty or longer than 64 bytes.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkName(serverName, "server_name")
    bytes.append(version)
    bytes.append(0)
    for limit in [
      limits.usersMax, limits.eventsMax, limits.couponsMax, limits.columnsMax, limits.inFlightMax,
      limits.handlesMax,
    ] {
      bytes.appendLittleEndian(UInt16(clamping: limit))
    }
    bytes.appendLittleEndian(UInt32(clamping: limits.rowsMax))
    bytes.appendLittleEndian(UInt32(clamping: limits.bodyBytesMax))
    bytes.appendName(serverName)
  }
}
