// Moving aliases. One transaction, however many, that also appends an audit record for each.

import LMDBStore

/// An alias and the version that it is to point to.
public struct Promotion: Hashable, Sendable {
  /// The model's name.
  public var model: String
  /// The alias's name.
  public var alias: String
  /// The version.
  public var version: UInt32

  /// A wish to point an alias to a version.
  public init(model: String, alias: String = "production", version: UInt32) {
    self.model = model
    self.alias = alias
    self.version = version
  }
}

/// What a promotion or a rollback did to an alias.
public struct AliasMove: Hashable, Sendable {
  /// The model's name.
  public var model: String
  /// The alias's name.
  public var alias: String
  /// Where the alias pointed before; none when it is new.
  public var from: AliasTarget?
  /// Where it points now.
  public var to: AliasTarget
  /// False when it pointed there already and nothing was written.
  public var isChange: Bool
}

extension Registry {
  /// Points an alias to a version: see ``promote(_:change:)``.
  @discardableResult
  public func promote(
    model: String, version: UInt32, alias: String = "production", change: Change
  ) throws(RegistryError) -> AliasMove {
    try promote([Promotion(model: model, alias: alias, version: version)], change: change)[0]
  }

  /// Points aliases to versions, all or none of them, making aliases that are new.
  ///
  /// The versions are loaded and verified first, so a damaged one is never promoted. When this
  /// returns, the change is on the disk. Promoting the version that an alias has already changes
  /// nothing, so a command that was cut off can simply be given again.
  ///
  /// A later release writes targets of several versions: here is the place to check that their outputs
  /// agree and that equally named columns agree in axis and kind.
  ///
  /// - Throws: `unknownModel`, `unknownVersion`, `badName`, `damaged`, `limit`.
  @discardableResult
  public func promote(
    _ promotions: [Promotion], change: Change
  ) throws(RegistryError) -> [AliasMove] {
    try change.check()
    guard (1...RegistryLimits.movesMax).contains(promotions.count) else {
      throw RegistryError(
        .limit, at: "promotion",
        "moves \(promotions.count) aliases; 1 to \(RegistryLimits.movesMax) move at once")
    }
    var names: [(object: ObjectName, alias: Name)] = []
    for promotion in promotions {
      let name = (
        object: try ObjectName(model: promotion.model),
        alias: try Name(promotion.alias, of: "alias")
      )
      if names.contains(where: { $0 == name }) {
        throw RegistryError(
          .badName, at: "alias \(name.alias.text) of \(name.object.words)", "is named twice")
      }
      names.append(name)
    }
    let versions = Set(promotions.map { Promotion(model: $0.model, version: $0.version) })
    for promotion in versions {
      _ = try load(model: promotion.model, version: promotion.version)
    }
    return try move { transaction throws(RegistryError) in
      for promotion in versions {
        try transaction.reading.checkPins(
          of: ObjectName(model: promotion.model), promotion.version)
      }
      var moves: [AliasMove] = []
      for (promotion, (object, alias)) in zip(promotions, names) {
        moves.append(
          try transaction.promote(object, alias, to: promotion.version, by: change))
      }
      return moves
    }
  }

  /// Points an alias back to the target that it had before its last promotion. Again: to the one before
  /// that. What was rolled back from is not remembered for rolling forward: promote it.
  ///
  /// Nothing is verified, since going back must be quick and the server verifies what it loads.
  ///
  /// - Throws: `unknownModel`, `unknownAlias`, `nothingToRollBackTo`, `badName`.
  @discardableResult
  public func rollback(
    model: String, alias: String = "production", change: Change
  ) throws(RegistryError) -> AliasMove {
    let (object, name) = (try ObjectName(model: model), try Name(alias, of: "alias"))
    try change.check()
    return try move { transaction throws(RegistryError) in
      var record = try transaction.reading.existingAlias(object, name)
      guard let target = record.history.popLast() else {
        throw RegistryError(
          .nothingToRollBackTo, at: "alias \(alias) of \(model)",
          "points to version \(record.target), and no earlier promotion is left to return to; "
            + "promote the version that you want")
      }
      // What is gone is said here, not at the server.
      for (version, manifest) in target.pins {
        try transaction.reading.existingVersion(object, version)
          .check(manifest, version, of: object, by: "alias \(alias)")
      }
      let from = record.target
      record.target = target
      record.since = CanonicalJSON.timestamp(change.now)
      try transaction.put(record: record, Key.alias(object, name), in: .aliases)
      try transaction.audit(.rollback, object, alias: name, from: from, to: target, by: change)
      return AliasMove(model: model, alias: alias, from: from, to: target, isChange: true)
    }
  }
}

extension ReadTransaction {
  /// The alias, or an error that tells an unknown model from an unknown alias.
  func existingAlias(_ object: ObjectName, _ alias: Name) throws(RegistryError) -> AliasRecord {
    switch try self.alias(object, alias) {
    case .present(let record): return record
    case .damaged(let error): throw error
    case .removed, nil: break
    }
    guard try lastVersion(of: object) > 0 else { throw RegistryError.unknownObject(object) }
    throw RegistryError(
      .unknownAlias, at: "alias \(alias.text) of \(object.words)",
      "there is no such alias; `tessera-registry promote` makes one")
  }
}

extension ReadTransaction {
  /// Refuses a version that an alias, or a rollback of one, pins as something else: its record may have been
  /// exchanged, and promoting it would pin it as what it is not.
  fileprivate func checkPins(of object: ObjectName, _ version: UInt32) throws(RegistryError) {
    let record = try existingVersion(object, version)
    for entry in try aliases(of: object) {
      for (pinned, manifest) in entry.state.record?.pins ?? [] where pinned == version {
        try record.check(manifest, version, of: object, by: "alias \(entry.alias)")
      }
    }
  }
}

extension WriteTransaction {
  fileprivate func promote(
    _ object: ObjectName, _ alias: Name, to version: UInt32, by change: Change
  ) throws(RegistryError) -> AliasMove {
    let manifest = try reading.existingVersion(object, version).manifest
    let target = AliasTarget(version: version, manifest: manifest)
    let current: AliasRecord?
    switch try reading.alias(object, alias) {
    case .present(let record): current = record
    // A record that cannot be read has no history to keep, and promoting is how it is repaired.
    case .damaged, .removed, nil: current = nil
    }
    func move(isChange: Bool) -> AliasMove {
      AliasMove(
        model: object.name.text, alias: alias.text, from: current?.target, to: target,
        isChange: isChange)
    }
    if current?.target == target { return move(isChange: false) }
    let history = (current?.history ?? []) + (current.map { [$0.target] } ?? [])
    let record = AliasRecord(
      target: target, since: CanonicalJSON.timestamp(change.now),
      history: history.suffix(RegistryLimits.aliasHistoryMax), other: current?.other ?? [:])
    try put(record: record, Key.alias(object, alias), in: .aliases)
    try audit(.promote, object, alias: alias, from: current?.target, to: target, by: change)
    return move(isChange: true)
  }
}
