/// Why a frame was refused. The same numbers travel in ERROR and GOAWAY frames, and as a user's status in
/// SCORES.
///
/// A struct and not an enum: a newer server may send a code that this client does not know, and the
/// reply must still decode.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public var rawValue: UInt16

  /// Any number is a code; ``name`` of an unknown one says so.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The body's structure is wrong: it ends early or late, or a reserved field is not zero.
  public static let malformed = ErrorCode(rawValue: 1)
  /// The header or the checksum is wrong, so nothing that follows can be trusted. Closes.
  public static let badFrame = ErrorCode(rawValue: 2)
  /// HELLO has another magic, or no version in common. Closes.
  public static let unsupportedProtocol = ErrorCode(rawValue: 3)
  /// The credential is missing or wrong. Closes.
  public static let unauthenticated = ErrorCode(rawValue: 4)
  /// HELLO is missing or repeated. Closes.
  public static let expectedHello = ErrorCode(rawValue: 5)
  /// BIND names an object, alias or version that is not served.
  public static let unknownObject = ErrorCode(rawValue: 6)
  /// This connection has no such handle.
  public static let unknownHandle = ErrorCode(rawValue: 7)
  /// A count is outside its limits.
  public static let limit = ErrorCode(rawValue: 8)
  /// A value is not allowed: an encoding its column does not accept, an infinity, text that is not UTF-8.
  public static let badValue = ErrorCode(rawValue: 9)
  /// The queue is full; try again after the time the reply gives.
  public static let overloaded = ErrorCode(rawValue: 10)
  /// The deadline passed before the work began; it was not computed.
  public static let deadlineExceeded = ErrorCode(rawValue: 11)
  /// The version now live has another signature: bind again, encode again.
  public static let rebindRequired = ErrorCode(rawValue: 12)
  /// The server is shutting down and takes no new work; use another connection.
  public static let draining = ErrorCode(rawValue: 13)
  /// Too many unanswered requests on this connection.
  public static let tooManyInFlight = ErrorCode(rawValue: 14)
  /// A fault of the server.
  public static let internalError = ErrorCode(rawValue: 15)
  /// The peer was too slow. Closes.
  public static let timeout = ErrorCode(rawValue: 16)
  /// What the handle means is not served at the moment; the handle is good again when it is.
  public static let versionGone = ErrorCode(rawValue: 17)
  /// The client asked for it.
  public static let cancelled = ErrorCode(rawValue: 18)

  private struct Traits {
    let name: String
    let retry: Retry
    var closes = false
  }

  /// The one table of codes, the same as in `SPEC.md`: row n − 1 is code n.
  private static let table: [Traits] = [
    Traits(name: "MALFORMED", retry: .never),
    Traits(name: "BAD_FRAME", retry: .here, closes: true),
    Traits(name: "UNSUPPORTED_PROTOCOL", retry: .never, closes: true),
    Traits(name: "UNAUTHENTICATED", retry: .never, closes: true),
    Traits(name: "EXPECTED_HELLO", retry: .never, closes: true),
    Traits(name: "UNKNOWN_OBJECT", retry: .never),
    Traits(name: "UNKNOWN_HANDLE", retry: .afterBinding),
    Traits(name: "LIMIT", retry: .never),
    Traits(name: "BAD_VALUE", retry: .never),
    Traits(name: "OVERLOADED", retry: .here),
    Traits(name: "DEADLINE_EXCEEDED", retry: .never),
    Traits(name: "REBIND_REQUIRED", retry: .afterBinding),
    Traits(name: "DRAINING", retry: .elsewhere),
    Traits(name: "TOO_MANY_IN_FLIGHT", retry: .here),
    Traits(name: "INTERNAL", retry: .never),
    Traits(name: "TIMEOUT", retry: .here, closes: true),
    Traits(name: "VERSION_GONE", retry: .here),
    Traits(name: "CANCELLED", retry: .never),
  ]

  /// Every code of version 1, in order of their numbers.
  public static let all = table.indices.map { ErrorCode(rawValue: UInt16($0 + 1)) }

  private var traits: Traits? {
    let row = Int(rawValue) - 1
    return ErrorCode.table.indices.contains(row) ? ErrorCode.table[row] : nil
  }

  /// Whether the server closes the connection after it has sent this code in an ERROR frame.
  ///
  /// Before WELCOME every error closes, also those for which this is false.
  public var closesConnection: Bool { traits?.closes ?? false }

  /// What an ERROR with this code says about trying again, unless the server has a reason to differ.
  public var retry: Retry { traits?.retry ?? .never }

  /// The name of the code in `SPEC.md`, for logs and metrics.
  public var name: String { traits?.name ?? "UNKNOWN_CODE_\(rawValue)" }
}
