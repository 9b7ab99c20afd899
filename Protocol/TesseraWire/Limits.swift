/// Every limit of protocol version 1, with its reason. `SPEC.md` holds the same numbers; a test compares them.
public enum Limits {
  /// Bytes of a frame's body. A full-size request (16,384 rows of a dozen narrow columns) fits; a peer
  /// that sends nonsense costs at most this much memory.
  public static let bodyBytesMax = 1 << 20
  /// Users of one SCORE frame. Enough to amortise the header; more is several frames.
  public static let usersMax = 64
  /// Events of one user. Sequence models here read tens to hundreds.
  public static let eventsMax = 1_024
  /// Coupons of one user.
  public static let couponsMax = 1_024
  /// Rows of one frame on the event axis, and on the coupon axis. Bounds the work and the scratch memory
  /// of one frame: without it, 64 users × 1,024 events would be four times as much.
  public static let rowsMax = 16_384
  /// Columns of a signature. The count travels in one byte.
  public static let columnsMax = 64
  /// Outputs of a signature. With `rowsMax` it keeps a SCORES body under `bodyBytesMax`.
  public static let outputsMax = 8
  /// Bytes of a model, alias, column, output or server name: a line of a log holds it.
  public static let nameBytesMax = 64
  /// Bytes of one string value. The length travels in one byte.
  public static let stringBytesMax = 255
  /// Members of one bag. The count travels in one byte.
  public static let bagMembersMax = 255
  /// Members of all the bags of one column in one frame. Bounds scratch memory: 16,384 rows × 255
  /// members would be 4 million.
  public static let bagValuesMax = 65_536
  /// Bytes of a credential. A signed token of 190 bytes in base64 fits; an unauthenticated peer cannot
  /// make the server hold more.
  public static let credentialBytesMax = 256
  /// Bytes of a PING: room for a clock and a counter, not for a transfer.
  public static let pingBytesMax = 64
  /// Bytes of the text of an ERROR or a GOAWAY: one screen line or three.
  public static let textBytesMax = 512
  /// Unanswered SCORE frames of one connection. Bounds what one connection can hold of the server.
  public static let inFlightMax = 1_024
  /// Handles of one connection, all its life. Bounds what the server remembers of it.
  public static let handlesMax = 64
}

/// What one server grants: the limits that its WELCOME announces. Each is at most the constant of the
/// same name in ``Limits``.
public struct FrameLimits: Hashable, Sendable {
  /// Users of one SCORE frame.
  public var usersMax: Int
  /// Events of one user.
  public var eventsMax: Int
  /// Coupons of one user.
  public var couponsMax: Int
  /// Rows of one frame on the event axis, and on the coupon axis.
  public var rowsMax: Int
  /// Columns of a signature.
  public var columnsMax: Int
  /// Unanswered SCORE frames of one connection.
  public var inFlightMax: Int
  /// Handles of one connection, all its life.
  public var handlesMax: Int
  /// Bytes of a frame's body.
  public var bodyBytesMax: Int

  /// The protocol's own limits, unless others are given.
  public init(
    usersMax: Int = Limits.usersMax, eventsMax: Int = Limits.eventsMax,
    couponsMax: Int = Limits.couponsMax, rowsMax: Int = Limits.rowsMax,
    columnsMax: Int = Limits.columnsMax, inFlightMax: Int = Limits.inFlightMax,
    handlesMax: Int = Limits.handlesMax, bodyBytesMax: Int = Limits.bodyBytesMax
  ) {
    self.usersMax = usersMax
    self.eventsMax = eventsMax
    self.couponsMax = couponsMax
    self.rowsMax = rowsMax
    self.columnsMax = columnsMax
    self.inFlightMax = inFlightMax
    self.handlesMax = handlesMax
    self.bodyBytesMax = bodyBytesMax
  }

  /// The protocol's own limits.
  public static let standard = FrameLimits()
}
