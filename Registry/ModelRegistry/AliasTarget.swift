public import ModelGraph

/// Where an alias points: the versions that share what is asked of it, and those that only watch.
public struct AliasTarget: Hashable, Sendable, Codable {
  /// A version that answers.
  public struct Share: Hashable, Sendable, Codable {
    /// The version.
    public var version: UInt32
    /// Its manifest: the version is served only while it has this one.
    public var manifest: Digest
    /// Its part of the sum of the weights of all shares.
    public var weight: UInt32
  }

  /// A version that computes beside the shares and answers nobody.
  public struct Shadow: Hashable, Sendable, Codable {
    /// The version.
    public var version: UInt32
    /// Its manifest.
    public var manifest: Digest
  }

  /// At least one.
  public var shares: [Share]
  /// Often none.
  public var shadows: [Shadow]
  /// What a later release has added; kept as it is.
  public var other: [String: JSONValue] = [:]

  /// All requests to one version.
  public init(version: UInt32, manifest: Digest) {
    shares = [Share(version: version, manifest: manifest, weight: 1)]
    shadows = []
  }

  /// The version that answers everything, when there is one and nothing else.
  public var single: Share? {
    shares.count == 1 && shadows.isEmpty && other.isEmpty ? shares.first : nil
  }

  /// Every version that the target needs.
  public var versions: [UInt32] { shares.map(\.version) + shadows.map(\.version) }

  /// Every version with the manifest that the target pins.
  var pins: [(version: UInt32, manifest: Digest)] {
    shares.map { ($0.version, $0.manifest) } + shadows.map { ($0.version, $0.manifest) }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case shares, shadows }

  /// Reads a target, and refuses what is over the limits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    shares = try container.decode([Share].self, forKey: .shares)
    shadows = try container.decodeIfPresent([Shadow].self, forKey: .shadows) ?? []
    other = try decoder.members(except: CodingKeys.allCases)
    guard (1...RegistryLimits.sharesMax).contains(shares.count),
      shadows.count <= RegistryLimits.shadowsMax, shares.allSatisfy({ $0.weight > 0 })
    else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a target has 1 to \(RegistryLimits.sharesMax) shares of weight 1 or "
            + "more, and at most \(RegistryLimits.shadowsMax) shadows"))
    }
  }

  /// Writes the target with what a later release had added.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shares, forKey: .shares)
    try container.encode(shadows, forKey: .shadows)
    try encoder.encode(members: other)
  }
}

extension AliasTarget: CustomStringConvertible {
  /// `2`, or `2 (9 of 10) + 3 (1 of 10), shadow 4`.
  public var description: String {
    let total = shares.reduce(0) { $0 + UInt64($1.weight) }
    let answering = shares.map {
      shares.count == 1 ? "\($0.version)" : "\($0.version) (\($0.weight) of \(total))"
    }
    return ([answering.joined(separator: " + ")] + shadows.map { "shadow \($0.version)" })
      .joined(separator: ", ")
  }
}
