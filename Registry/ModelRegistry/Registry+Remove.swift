// Removing aliases and versions. What stays is a note of when: a server that misses an entry cannot
// otherwise tell a removal from damage, and a version's number is never given out again.

import LMDBStore

extension Registry {
  /// Removes an alias: servers stop answering under it. Its versions stay.
  ///
  /// - Returns: where it pointed; `nil` when its record was damaged.
  /// - Throws: `unknownModel`, `unknownAlias`, `badName`.
  @discardableResult
  public func remove(
    model: String, alias: String, change: Change
  ) throws(RegistryError) -> AliasTarget? {
    let (object, name) = (try ObjectName(model: model), try Name(alias, of: "alias"))
    try change.check()
    return try write { transaction throws(RegistryError) in
      var target: AliasTarget?
      if case .damaged = try transaction.reading.alias(object, name) {
        // Removing is one way to be rid of a record that cannot be read.
      } else {
        target = try transaction.reading.existingAlias(object, name).target
      }
      let removal = Removal(removed: CanonicalJSON.timestamp(change.now))
      try transaction.put(record: removal, Key.alias(object, name), in: .aliases)
      try transaction.audit(.remove, object, alias: name, from: target, by: change)
      return target
    }
  }

  /// Removes a version. What it alone needed is reclaimed by ``gc(graceSeconds:change:)`` after a while.
  ///
  /// - Parameter forgettingHistory: take targets that need the version out of the histories of aliases;
  ///   otherwise such a version stays. One that an alias points to stays in any case.
  /// - Throws: `unknownModel`, `unknownVersion`, `inUse`, `badName`.
  public func remove(
    model: String, version: UInt32, forgettingHistory: Bool = false, change: Change
  ) throws(RegistryError) {
    let object = try ObjectName(model: model)
    try change.check()
    try write { transaction throws(RegistryError) in
      if case .damaged = try transaction.reading.version(object, version) {
        // Removing is one way to be rid of a record that cannot be read.
      } else {
        _ = try transaction.reading.existingVersion(object, version)
      }
      for entry in try transaction.reading.aliases(of: object) {
        guard var record = entry.state.record, record.needs(version) else { continue }
        let place = "\(model) version \(version)"
        if record.target.versions.contains(version) {
          throw RegistryError(
            .inUse, at: place,
            "alias \(entry.alias) points to it; promote another version or remove the alias first")
        }
        guard forgettingHistory else {
          throw RegistryError(
            .inUse, at: place,
            "a rollback of \(entry.alias) may return to it; --forget-history removes it all the same"
          )
        }
        record.history.removeAll { $0.versions.contains(version) }
        let alias = try Name(entry.alias, of: "alias")
        try transaction.put(record: record, Key.alias(object, alias), in: .aliases)
      }
      let removal = Removal(removed: CanonicalJSON.timestamp(change.now))
      try transaction.put(record: removal, Key.version(object, version), in: .versions)
      try transaction.audit(.remove, object, version: version, by: change)
      try transaction.markUnused(now: change.now)
    }
  }
}
