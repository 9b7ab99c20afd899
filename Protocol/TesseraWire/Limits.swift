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
  /// Columns of a signature: two-tower and feature-rich tree models read some hundreds.
  public static let columnsMax = 512
  /// Outputs of a signature: the heads of a multi-task model.
  public static let outputsMax = 8
  /// Numbers of an answer, over all outputs and rows: 1 MiB, as much as a request may be.
  public static let numbersMax = 262_144
  /// Numbers of a row of a vector column or output: the widest text encoders give 4,096.
  public static let vectorWidthMax = 4_096
  /// Bytes of a model, alias, column, output or server name: a line of a log holds it.
  public static let nameBytesMax = 64
  /// Bytes of one string value. The length travels in one byte.
  public static let stringBytesMax = 255
  /// Bytes of one text value: some 2,000 words, four times what a BERT-size model reads.
  public static let textValueBytesMax = 8_192
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
  /// Handles of one connection at a time. Bounds what the server remembers of it.
  public static let handlesMax = 64
  /// Handles of one connection, all its life: numbers are not used again, and a number has two bytes.
  public static let handleNumbersMax = 1 << 16
  /// Entries of one LISTED: keeps it within 32 KiB; the rest is asked for with `first`.
  public static let listEntriesMax = 64
  /// Bytes of the reason in an entry of LISTED. The length travels in one byte.
  public static let reasonBytesMax = 255
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
  /// Handles of one connection at a time.
  public var handlesMax: Int
  /// Numbers of an answer.
  public var numbersMax: Int
  /// Bytes of a frame's body.
  public var bodyBytesMax: Int

  /// The protocol's own limits, unless others are given.
  public init(
    usersMax: Int = Limits.usersMax, eventsMax: Int = Limits.eventsMax,
    couponsMax: Int = Limits.couponsMax, rowsMax: Int = Limits.rowsMax,
    columnsMax: Int = Limits.columnsMax, inFlightMax: Int = Limits.inFlightMax,
    handlesMax: Int = Limits.handlesMax, numbersMax: Int = Limits.numbersMax,
    bodyBytesMax: Int = Limits.bodyBytesMax
  ) {
    self.usersMax = usersMax
    self.eventsMax = eventsMax
    self.couponsMax = couponsMax
    self.rowsMax = rowsMax
    self.columnsMax = columnsMax
    self.inFlightMax = inFlightMax
    self.handlesMax = handlesMax
    self.numbersMax = numbersMax
    self.bodyBytesMax = bodyBytesMax
  }

  /// The protocol's own limits.
  public static let standard = FrameLimits()
}
