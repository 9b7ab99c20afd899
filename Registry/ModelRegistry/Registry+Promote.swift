// Moving an alias. One transaction that also appends the audit record.

import LMDBStore

/// What a promotion or a rollback did.
public struct AliasMove: Hashable, Sendable {
  /// Where the alias pointed before; none when it is new.
  public var from: UInt32?
  /// Where it points now.
  public var to: UInt32
  /// False when it pointed there already and nothing was written.
  public var isChange: Bool

  /// A move of an alias.
  public init(from: UInt32?, to: UInt32, isChange: Bool) {
    self.from = from
    self.to = to
    self.isChange = isChange
  }
}

extension Registry {
  /// Points an alias to a version, making the alias if it is new.
  ///
  /// The version is loaded and verified first, so a damaged one is never promoted. When this
  /// returns, the change is on the disk. Promoting the version that the alias has already changes
  /// nothing, so a command that was cut off can simply be given again.
  ///
  /// - Throws: `unknownModel`, `unknownVersion`, `badName`, `damaged`.
  @discardableResult
  public func promote(
    model: String, version: UInt32, alias: String = "production", change: Change
  ) throws(RegistryError) -> AliasMove {
    let (name, aliasName) = (try Name(model, of: "model"), try Name(alias, of: "alias"))
    try change.check()
    // Looked up first, so that the usual mistake costs no reading of tensors.
    _ = try load(model: model, version: version)
    return try environment.write { transaction throws(RegistryError) in
      let record = try transaction.reading.existingVersion(name, version)
      let current = try transaction.reading.alias(name, aliasName)
      if let current, current.version == version {
        return AliasMove(from: version, to: version, isChange: false)
      }
      var history = current?.history ?? []
      if let current { history.append(current.version) }
      let value = AliasValue(
        version: version, manifest: record.manifest, since: CanonicalJSON.timestamp(change.now),
        history: Array(history.suffix(RegistryLimits.aliasHistoryMax)))
      try transaction.put(
        CanonicalJSON.encode(value), Key.alias(name, aliasName), in: .aliases)
      try transaction.audit(
        .promote, model: name, alias: aliasName, from: current?.version, to: version, by: change)
      return AliasMove(from: current?.version, to: version, isChange: true)
    }
  }

  /// Points an alias back to the version that it pointed to before its last promotion. Again: to the
  /// one before that. What was rolled back from is not remembered for rolling forward: promote it.
  ///
  /// Nothing is verified, since going back must be quick and the server verifies what it loads.
  ///
  /// - Throws: `unknownModel`, `unknownAlias`, `nothingToRollBackTo`, `badName`.
  @discardableResult
  public func rollback(
    model: String, alias: String = "production", change: Change
  ) throws(RegistryError) -> AliasMove {
    let (name, aliasName) = (try Name(model, of: "model"), try Name(alias, of: "alias"))
    try change.check()
    return try environment.write { transaction throws(RegistryError) in
      guard let current = try transaction.reading.alias(name, aliasName) else {
        guard try transaction.reading.lastVersion(of: name) > 0 else {
          throw RegistryError.unknownModel(name)
        }
        throw RegistryError(
          .unknownAlias, at: "alias \(alias) of \(model)",
          "there is no such alias; `tessera-registry promote` makes one")
      }
      guard let target = current.history.last else {
        throw RegistryError(
          .nothingToRollBackTo, at: "alias \(alias) of \(model)",
          "points to version \(current.version), and no earlier promotion is left to return to; "
            + "promote the version that you want")
      }
      let record = try transaction.reading.existingVersion(name, target)
      let value = AliasValue(
        version: target, manifest: record.manifest, since: CanonicalJSON.timestamp(change.now),
        history: current.history.dropLast())
      try transaction.put(
        CanonicalJSON.encode(value), Key.alias(name, aliasName), in: .aliases)
      try transaction.audit(
        .rollback, model: name, alias: aliasName, from: current.version, to: target, by: change)
      return AliasMove(from: current.version, to: target, isChange: true)
    }
  }
}

extension Change {
  func check() throws(RegistryError) {
    guard (1...RegistryLimits.whoBytesMax).contains(who.utf8.count) else {
      throw RegistryError(
        .limit, at: "who", "must be given, in at most \(RegistryLimits.whoBytesMax) bytes")
    }
    guard (why ?? "").utf8.count <= RegistryLimits.noteBytesMax else {
      throw RegistryError(
        .limit, at: "note",
        "is longer than \(RegistryLimits.noteBytesMax) bytes; a sentence will do")
    }
  }
}
