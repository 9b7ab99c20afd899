// The audit trail says what was done last to every version and alias: what is there must agree with it.
// So a record that was damaged into another well-formed one, or has vanished, is found.

/// What a name of a version or an alias stands for.
private enum Named: Hashable {
  case version(ObjectName, UInt32)
  case alias(ObjectName, String)

  var words: String {
    switch self {
    case .version(let object, let version): "\(object.words) version \(version)"
    case .alias(let object, let alias): "alias \(alias) of \(object.words)"
    }
  }
}

/// What is known about a version or an alias, from its record or from the trail.
private enum Known: Hashable {
  case there
  case pointing(AliasTarget)
  case removed
  /// Damaged, or changed in a way that this release does not know: no contradiction.
  case unclear

  var words: String {
    switch self {
    case .there: "is there"
    case .pointing(let target): "points to version \(target)"
    case .removed: "was removed"
    case .unclear: "cannot be read"
    }
  }
}

extension Registry {
  /// Versions and aliases of models that are not what the audit trail says.
  ///
  /// - Throws: `damaged` when the trail itself has a gap or a record that cannot be read.
  func contradictions(in state: RegistryState) throws(RegistryError) -> [RegistryError] {
    let trail = try AuditRecord.trail(of: state.audit.get())
    for (index, record) in trail.enumerated() where record.sequence != UInt64(index) + 1 {
      throw RegistryError(
        .damaged, at: "audit record \(record.sequence)", "record \(index + 1) is missing")
    }
    let stored = try Self.stored(in: state)
    let told = Self.state(toldBy: trail)
    return Set(stored.keys).union(told.keys).compactMap { name in
      let (found, wanted) = (stored[name], told[name])
      if found == wanted || found == .unclear || wanted == .unclear { return nil }
      return RegistryError(
        .damaged, at: name.words,
        "\(found?.words ?? "is not there"), but the audit trail says that it "
          + (wanted?.words ?? "never was"))
    }.sorted { $0.place < $1.place }
  }

  private static func stored(in whole: RegistryState) throws(RegistryError) -> [Named: Known] {
    var state: [Named: Known] = [:]
    for (key, value) in whole.versions {
      guard let (object, version) = Key.version(of: key), object.isModel else { continue }
      let name = Named.version(object, version)
      switch Recorded<VersionRecord>(decoding: value, at: name.words) {
      case .present: state[name] = .there
      case .removed: state[name] = .removed
      case .damaged: state[name] = .unclear
      }
    }
    for entry in AliasEntry.all(in: try whole.aliases.get()) {
      let object = try ObjectName(kind: entry.kind.description, name: entry.object)
      guard object.isModel else { continue }
      let name = Named.alias(object, entry.alias)
      switch entry.state {
      case .present(let record): state[name] = .pointing(record.target)
      case .removed: state[name] = .removed
      case .damaged: state[name] = .unclear
      }
    }
    return state
  }

  private static func state(toldBy trail: [AuditRecord]) -> [Named: Known] {
    var state: [Named: Known] = [:]
    for record in trail {
      guard let kind = record.kind, let name = record.object,
        let object = try? ObjectName(kind: kind, name: name), object.isModel
      else { continue }
      let isRemoval = record.action == .remove
      if let alias = record.alias {
        state[.alias(object, alias)] =
          record.to.map { .pointing($0) } ?? (isRemoval ? .removed : .unclear)
      } else if let version = record.version {
        let isImport = record.action == .importVersion
        state[.version(object, version)] = isImport ? .there : isRemoval ? .removed : .unclear
      }
    }
    return state
  }
}
