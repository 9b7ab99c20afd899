public import ModelGraph

/// Where an alias points, and where it pointed before.
public struct AliasRecord: Hashable, Sendable, Codable {
  /// Where it points.
  public var target: AliasTarget
  /// Since when: RFC 3339, UTC.
  public var since: String
  /// What rollback returns to, the next one last. Promotion appends, rollback takes away.
  public var history: [AliasTarget]
  /// What a later release has added; kept as it is.
  public var other: [String: JSONValue] = [:]

  init(target: AliasTarget, since: String, history: [AliasTarget], other: [String: JSONValue]) {
    self.target = target
    self.since = since
    self.history = history
    self.other = other
  }

  /// Every version that the alias or a rollback of it needs, with the manifest that is pinned.
  var pins: [(version: UInt32, manifest: Digest)] { (history + [target]).flatMap(\.pins) }

  /// Whether the alias, or a rollback of it, needs the version.
  func needs(_ version: UInt32) -> Bool {
    (history + [target]).contains { $0.versions.contains(version) }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case target, since, history }

  /// Reads a record, and refuses what is over the limits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    target = try container.decode(AliasTarget.self, forKey: .target)
    since = try container.decode(String.self, forKey: .since)
    history = try container.decode([AliasTarget].self, forKey: .history)
    other = try decoder.members(except: CodingKeys.allCases)
    guard history.count <= RegistryLimits.aliasHistoryMax else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "history is longer than \(RegistryLimits.aliasHistoryMax)"))
    }
  }

  /// Writes the record with what a later release had added.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(target, forKey: .target)
    try container.encode(since, forKey: .since)
    try container.encode(history, forKey: .history)
    try encoder.encode(members: other)
  }
}

/// An alias as it was found: a record that cannot be read stops nobody but its own alias.
public struct AliasEntry: Hashable, Sendable {
  /// What kind of object it is an alias of.
  public var kind: RegistryKind
  /// Which object.
  public var object: String
  /// The alias's name.
  public var alias: String
  /// Where it points, or why that is not known.
  public var state: Recorded<AliasRecord>

  /// The aliases in entries of the table `aliases`.
  static func all(in entries: [(key: [UInt8], value: [UInt8])]) -> [AliasEntry] {
    entries.compactMap { key, value in
      // A key that is none names no alias; verification finds it.
      guard let (object, alias) = Key.alias(of: key) else { return nil }
      let place = "record of alias \(alias) of \(object.words)"
      return AliasEntry(
        kind: RegistryKind(object.kind.text), object: object.name.text, alias: alias,
        state: Recorded(decoding: value, at: place))
    }
  }
}
