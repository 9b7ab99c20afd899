/// Why a frame was refused. The same numbers travel in ERROR and GOAWAY frames.
///
/// A struct and not an enum: a newer server may send a code that this client does not know, and the
/// reply must still decode.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public var rawValue: UInt16

  /// Any number is a code; ``name`` of an unknown one says so.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The body's structure is wrong: it ends early or late, or a reserved field is not zero.
  public static var malformed: ErrorCode { ErrorCode(rawValue: 1) }
  /// The header or the checksum is wrong, so nothing that follows can be trusted. Closes.
  public static var badFrame: ErrorCode { ErrorCode(rawValue: 2) }
  /// HELLO has another magic, or no version in common. Closes.
  public static var unsupportedProtocol: ErrorCode { ErrorCode(rawValue: 3) }
  /// The credential is missing or wrong. Closes.
  public static var unauthenticated: ErrorCode { ErrorCode(rawValue: 4) }
  /// HELLO is missing or repeated. Closes.
  public static var expectedHello: ErrorCode { ErrorCode(rawValue: 5) }
  /// No such model, alias or version is served.
  public static var unknownModel: ErrorCode { ErrorCode(rawValue: 6) }
  /// This connection has no such handle.
  public static var unknownHandle: ErrorCode { ErrorCode(rawValue: 7) }
  /// A count is outside its limits.
  public static var limit: ErrorCode { ErrorCode(rawValue: 8) }
  /// A value is not allowed: an encoding its column does not accept, an infinity, text that is not UTF-8.
  public static var badValue: ErrorCode { ErrorCode(rawValue: 9) }
  /// The queue is full; try again after the time the reply gives.
  public static var overloaded: ErrorCode { ErrorCode(rawValue: 10) }
  /// The deadline passed before the work began; it was not computed.
  public static var deadlineExceeded: ErrorCode { ErrorCode(rawValue: 11) }
  /// The version now live has another signature: bind again, encode again.
  public static var rebindRequired: ErrorCode { ErrorCode(rawValue: 12) }
  /// The server is shutting down and takes no new work; use another connection.
  public static var draining: ErrorCode { ErrorCode(rawValue: 13) }
  /// Too many unanswered requests on this connection.
  public static var tooManyInFlight: ErrorCode { ErrorCode(rawValue: 14) }
  /// A fault of the server.
  public static var internalError: ErrorCode { ErrorCode(rawValue: 15) }
  /// The peer was too slow. Closes.
  public static var timeout: ErrorCode { ErrorCode(rawValue: 16) }

  /// Every code of version 1, in order of their numbers.
  public static var all: [ErrorCode] { (1...16).map(ErrorCode.init(rawValue:)) }

  /// Whether the server closes the connection after it has sent this code in an ERROR frame.
  ///
  /// Before WELCOME every error closes, also those for which this is false.
  public var closesConnection: Bool {
    switch self {
    case .badFrame, .unsupportedProtocol, .unauthenticated, .expectedHello, .timeout: true
    default: false
    }
  }

  /// The name of the code in `SPEC.md`, for logs and metrics.
  public var name: String {
    switch self {
    case .malformed: "MALFORMED"
    case .badFrame: "BAD_FRAME"
    case .unsupportedProtocol: "UNSUPPORTED_PROTOCOL"
    case .unauthenticated: "UNAUTHENTICATED"
    case .expectedHello: "EXPECTED_HELLO"
    case .unknownModel: "UNKNOWN_MODEL"
    case .unknownHandle: "UNKNOWN_HANDLE"
    case .limit: "LIMIT"
    case .badValue: "BAD_VALUE"
    case .overloaded: "OVERLOADED"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .rebindRequired: "REBIND_REQUIRED"
    case .draining: "DRAINING"
    case .tooManyInFlight: "TOO_MANY_IN_FLIGHT"
    case .internalError: "INTERNAL"
    case .timeout: "TIMEOUT"
    default: "UNKNOWN_CODE_\(rawValue)"
    }
  }
}
