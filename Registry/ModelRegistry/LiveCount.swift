// What servers have to hold for the aliases of models: a promotion that no server could follow is refused
// where somebody is looking, and not at the server.

import LMDBStore

/// How many versions and aliases servers have to hold at once.
struct LiveCount {
  /// Versions that aliases point to, each once, however many aliases share it.
  var versions: Int
  /// Aliases that are there.
  var aliases: Int

  /// Refuses a change that leaves more than a server holds. One that adds nothing is never refused: where
  /// the limit was passed before, promoting is a way back below it.
  func check(after before: LiveCount) throws(RegistryError) {
    func check(
      _ count: Int, after before: Int, max: Int, _ what: String
    ) throws(RegistryError) {
      guard count > max, count > before else { return }
      throw RegistryError(
        .limit, at: "promotion",
        "leaves \(count) \(what), and a server holds at most \(max); remove aliases first, or point them "
          + "to versions that are live")
    }
    try check(
      versions, after: before.versions, max: RegistryLimits.liveVersionsMax, "live versions")
    try check(aliases, after: before.aliases, max: RegistryLimits.aliasesMax, "aliases")
  }
}

extension ReadTransaction {
  /// What the aliases of models need. Records that cannot be read need nothing.
  func liveCount() throws(RegistryError) -> LiveCount {
    struct Version: Hashable {
      var model: String
      var version: UInt32
    }
    var versions: Set<Version> = []
    var aliases = 0
    for entry in try self.aliases() where entry.kind == .model {
      guard let record = entry.state.record else { continue }
      aliases += 1
      for version in record.target.versions {
        versions.insert(Version(model: entry.object, version: version))
      }
    }
    return LiveCount(versions: versions.count, aliases: aliases)
  }
}

extension Registry {
  /// Moves aliases in one transaction, unless no server could follow them afterwards.
  func move<R>(
    _ body: (borrowing WriteTransaction) throws(RegistryError) -> R
  ) throws(RegistryError) -> R {
    try write { transaction throws(RegistryError) in
      let before = try transaction.reading.liveCount()
      let result = try body(transaction)
      try transaction.reading.liveCount().check(after: before)
      return result
    }
  }
}
