/// Why a call of ``TesseraClient`` gave no scores.
///
/// One type for everything, so that a caller writes one `catch`. ``code`` says what kind of thing
/// happened and is what a program should branch on; ``message`` says what, where and what to do.
/// More codes and fields may be added in later versions.
///
/// ```swift
/// do {
///   let scores = try await client.score(request, model: "coupon")
/// } catch {
///   switch error.code {
///   case .overloaded: // show the page without coupons; error.retryAfter says how long it will last
///   case .deadlineExceeded: // too late to be of use
///   default: throw error
///   }
/// }
/// ```
public struct TesseraClientError: Error, Sendable {
  /// What kind of thing happened. Compare with the constants of this type.
  public struct Code: Hashable, Sendable {
    let name: String

    init(_ name: String) { self.name = name }

    // Noticed by this library.

    /// No connection to any of the servers could be opened: every attempt until the deadline failed.
    public static let connectionFailed = Code("connectionFailed")
    /// The connection closed after the request had been sent. Whether it was scored is not known;
    /// scoring changes nothing on the server, so sending it again is harmless.
    public static let connectionLost = Code("connectionLost")
    /// The client was closed.
    public static let closed = Code("closed")
    /// The calling task was cancelled.
    public static let cancelled = Code("cancelled")
    /// As many requests as the client was configured to allow are unanswered.
    public static let tooManyInFlight = Code("tooManyInFlight")
    /// The request does not fit the model's signature: a column is missing, of the wrong kind or of
    /// the wrong length, or a count is over its limit. Nothing was sent. Columns that the signature
    /// does not name are no fault: they are left out.
    public static let invalidRequest = Code("invalidRequest")
    /// The server sent something that the protocol does not allow. The connection was closed.
    public static let protocolViolation = Code("protocolViolation")

    // Answered by the server, or noticed by both.

    /// The time that the caller gave has passed.
    public static let deadlineExceeded = Code("deadlineExceeded")
    /// The server's queue is full. ``TesseraClientError/retryAfter`` is set.
    public static let overloaded = Code("overloaded")
    /// The server is shutting down and no other one could take the request.
    public static let draining = Code("draining")
    /// The server serves no such model, alias or version.
    public static let unknownModel = Code("unknownModel")
    /// The version or alias that was bound is not served at the moment; it may be again.
    public static let versionGone = Code("versionGone")
    /// The server cannot do what was asked.
    public static let unsupported = Code("unsupported")
    /// The model's signature changed again while the request was being repeated with the new one.
    public static let rebindRequired = Code("rebindRequired")
    /// The server refused the request's content: structure, a limit, or a value of a column.
    public static let refused = Code("refused")
    /// The credential was not accepted.
    public static let unauthenticated = Code("unauthenticated")
    /// Client and server have no protocol version in common, or the peer is not a Tessera server.
    public static let unsupportedVersion = Code("unsupportedVersion")
    /// The server failed inside.
    public static let serverFailure = Code("serverFailure")
  }

  /// What kind of thing happened.
  public var code: Code
  /// What was wrong, where, and what to do, in English. Not meant to be parsed.
  public var message: String
  /// How long to wait before asking again, where the server said so.
  public var retryAfter: Duration?
  /// The name of the column that was at fault, if one was.
  public var column: String?
  /// Where in the request's body the server found the fault, in bytes.
  public var offset: Int?
  /// The error below this one, for example that of the socket.
  public var underlying: (any Error)?

  package init(
    _ code: Code, _ message: String, retryAfter: Duration? = nil, column: String? = nil,
    offset: Int? = nil, underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
    self.column = column
    self.offset = offset
    self.underlying = underlying
  }
}

extension TesseraClientError.Code: CustomStringConvertible {
  /// The name of the constant, for example `overloaded`.
  public var description: String { name }
}

extension TesseraClientError: CustomStringConvertible {
  /// The code, the message and whatever else is known, in one line.
  public var description: String {
    var text = "\(code): \(message)"
    if let column { text += " (column \(column))" }
    if let offset { text += " (at byte \(offset))" }
    if let retryAfter { text += " (retry after \(retryAfter))" }
    if let underlying { text += " [\(underlying)]" }
    return text
  }
}
