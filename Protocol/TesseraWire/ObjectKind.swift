/// What kind of thing a name of the registry names. An open set: a peer may name kinds that this
/// release does not know; they are shown and left alone.
public struct ObjectKind: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public var rawValue: UInt8

  /// Any number is a kind.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Something that scores.
  public static let model = ObjectKind(rawValue: 1)
  /// Reserved for what decides; not served in this release.
  public static let policy = ObjectKind(rawValue: 2)
}
