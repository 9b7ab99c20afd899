/// What a connection may use beyond the frames that every version 1 peer knows. HELLO names what the
/// client can use, WELCOME what of that the server grants. Bits that are not listed here are unknown:
/// a server does not grant them, a client has not asked for them.
public struct Capabilities: OptionSet, Hashable, Sendable {
  /// The bits on the wire.
  public let rawValue: UInt64

  /// Any bits, unknown ones too.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// LIST and LISTED.
  public static let listing = Capabilities(rawValue: 1 << 0)
  /// CANCEL, and ERROR with `CANCELLED`.
  public static let cancelling = Capabilities(rawValue: 1 << 1)
  /// A trace context in SCORE.
  public static let tracing = Capabilities(rawValue: 1 << 2)

  /// All that this release knows.
  public static let all: Capabilities = [.listing, .cancelling, .tracing]
}
