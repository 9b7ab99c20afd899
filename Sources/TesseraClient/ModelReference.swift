/// Which model to score with: a name, and either an alias that the operator moves from version to
/// version, or one exact version.
///
/// A string literal means the alias `production` of that model:
///
/// ```swift
/// let live: ModelReference = "coupon"
/// let canary = ModelReference("coupon", alias: "canary")
/// let pinned = ModelReference("coupon", version: 7)
/// ```
public struct ModelReference: Hashable, Sendable, ExpressibleByStringLiteral {
  /// The model's name, 1 to 64 bytes of UTF-8.
  public let name: String
  /// The alias that is followed; empty when ``version`` is exact.
  public let alias: String
  /// The exact version; 0 when an alias is followed.
  public let version: UInt32

  /// The version that `alias` points to when a request arrives. A promotion needs no change here.
  public init(_ name: String, alias: String = "production") {
    self.name = name
    self.alias = alias
    self.version = 0
  }

  /// One version for ever. `version` counts from 1.
  public init(_ name: String, version: UInt32) {
    self.name = name
    self.alias = ""
    self.version = version
  }

  /// The alias `production` of the model called `value`.
  public init(stringLiteral value: String) {
    self.init(value)
  }
}

extension ModelReference: CustomStringConvertible {
  /// For example `coupon@production` or `coupon version 7`.
  public var description: String {
    version == 0 ? "\(name)@\(alias)" : "\(name) version \(version)"
  }
}
