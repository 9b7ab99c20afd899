// Transactions that speak in records.

import LMDBStore

/// Something read in a transaction, and why the registry could not: the store's errors in its words.
private func inRegistry<R>(_ body: () throws(StoreError) -> R) throws(RegistryError) -> R {
  do throws(StoreError) { return try body() } catch { throw RegistryError(store: error) }
}

extension ReadTransaction {
  func value(_ key: [UInt8], in table: Table) throws(RegistryError) -> [UInt8]? {
    try inRegistry { () throws(StoreError) in try value(for: key, in: table.rawValue) }
  }

  /// How long a value is; it is not copied.
  func size(of key: [UInt8], in table: Table) throws(RegistryError) -> Int? {
    try inRegistry { () throws(StoreError) in
      try withValue(for: key, in: table.rawValue) { $0.byteCount }
    }
  }

  func lastKey(in table: Table, prefix: [UInt8] = []) throws(RegistryError) -> [UInt8]? {
    try inRegistry { () throws(StoreError) in try lastKey(in: table.rawValue, prefix: prefix) }
  }

  /// Copies of all entries whose key begins with the prefix, in order. For tables of small records.
  func entries(
    in table: Table, prefix: [UInt8] = []
  ) throws(RegistryError) -> [(key: [UInt8], value: [UInt8])] {
    var entries: [(key: [UInt8], value: [UInt8])] = []
    try inRegistry { () throws(StoreError) in
      try forEach(in: table.rawValue, prefix: prefix) { key, value in
        entries.append((key: key.copy(), value: value.copy()))
        return true
      }
    }
    return entries
  }

  /// The keys alone, of a table whose values may be large.
  func keys(in table: Table) throws(RegistryError) -> [[UInt8]] {
    var keys: [[UInt8]] = []
    try inRegistry { () throws(StoreError) in
      try forEach(in: table.rawValue) { key, _ in
        keys.append(key.copy())
        return true
      }
    }
    return keys
  }

  // MARK: Versions

  /// What stands under a version's number; `nil` when nothing ever did.
  func version(
    _ object: ObjectName, _ version: UInt32
  ) throws(RegistryError) -> Recorded<VersionRecord>? {
    try value(Key.version(object, version), in: .versions).map {
      Recorded(decoding: $0, at: "record of \(object.words) version \(version)")
    }
  }

  /// The versions of an object, removed ones included, in order.
  func versions(of object: ObjectName) throws(RegistryError) -> [VersionEntry] {
    var versions: [VersionEntry] = []
    for (key, value) in try entries(in: .versions, prefix: Key.object(object)) {
      guard let (_, version) = Key.version(of: key) else {
        throw RegistryError.damagedKey(in: .versions)
      }
      let place = "record of \(object.words) version \(version)"
      versions.append(
        VersionEntry(version: version, state: Recorded(decoding: value, at: place)))
    }
    return versions
  }

  /// The highest number that a version ever had; 0 when the object does not exist.
  func lastVersion(of object: ObjectName) throws(RegistryError) -> UInt32 {
    guard let key = try lastKey(in: .versions, prefix: Key.object(object)) else { return 0 }
    guard let (_, version) = Key.version(of: key) else {
      throw RegistryError.damagedKey(in: .versions)
    }
    return version
  }

  /// The version, or an error that tells an unknown object from an unknown or removed version.
  func existingVersion(
    _ object: ObjectName, _ number: UInt32
  ) throws(RegistryError) -> VersionRecord {
    let place = "\(object.words) version \(number)"
    switch try version(object, number) {
    case .present(let record): return record
    case .damaged(let error): throw error
    case .removed(let time):
      throw RegistryError(
        .unknownVersion, at: place, "was removed on \(time); import its files again to get it back")
    case nil: break
    }
    let last = try lastVersion(of: object)
    guard last > 0 else { throw RegistryError.unknownObject(object) }
    throw RegistryError(
      .unknownVersion, at: place,
      "there is no such version; \(object.words) has 1 to \(last)")
  }

  // MARK: Aliases

  /// What stands under an alias's name; `nil` when nothing ever did.
  func alias(
    _ object: ObjectName, _ alias: Name
  ) throws(RegistryError) -> Recorded<AliasRecord>? {
    try value(Key.alias(object, alias), in: .aliases).map {
      Recorded(decoding: $0, at: "record of alias \(alias.text) of \(object.words)")
    }
  }

  /// All aliases of one object, or of all; removed ones included.
  func aliases(of object: ObjectName? = nil) throws(RegistryError) -> [AliasEntry] {
    AliasEntry.all(in: try entries(in: .aliases, prefix: object.map(Key.object) ?? []))
  }
}

extension WriteTransaction {
  func put(_ value: [UInt8], _ key: [UInt8], in table: Table) throws(RegistryError) {
    try inRegistry { () throws(StoreError) in try put(value, for: key, in: table.rawValue) }
  }

  func put(record: some Encodable, _ key: [UInt8], in table: Table) throws(RegistryError) {
    try put(CanonicalJSON.encode(record), key, in: table)
  }

  func remove(_ key: [UInt8], in table: Table) throws(RegistryError) {
    try inRegistry { () throws(StoreError) in _ = try remove(key, in: table.rawValue) }
  }

  /// Makes the databases of an empty registry, and says its format.
  func createTables() throws(RegistryError) {
    try inRegistry { () throws(StoreError) in
      for table in Table.allCases { try create(database: table.rawValue) }
    }
    try put(Array("\(RegistryLimits.formatVersion)".utf8), Key.format, in: .meta)
  }

  /// Appends to the audit trail: one more than the last number, in this transaction.
  func audit(
    _ action: AuditRecord.Action, _ object: ObjectName? = nil, alias: Name? = nil,
    version: UInt32? = nil, from: AliasTarget? = nil, to: AliasTarget? = nil, by change: Change
  ) throws(RegistryError) {
    let last = try reading.lastKey(in: .audit).map { key throws(RegistryError) in
      guard let (sequence, _) = Key.audit(of: key) else {
        throw RegistryError.damagedKey(in: .audit)
      }
      return sequence
    }
    let record = AuditRecord(
      sequence: (last ?? 0) + 1, when: CanonicalJSON.timestamp(change.now), who: change.who,
      action: action, kind: object?.kind.text, object: object?.name.text, alias: alias?.text,
      version: version, from: from, to: to, why: change.why)
    try put(record: record, Key.audit(record.sequence, object), in: .audit)
  }
}

extension RegistryError {
  static func unknownObject(_ object: ObjectName) -> RegistryError {
    RegistryError(
      .unknownModel, at: "\(object.kind.text) \(object.name.text)",
      "there is no such \(object.kind.text) in this registry; `tessera-registry list` shows those "
        + "there are")
  }

  static func damagedKey(in table: Table) -> RegistryError {
    RegistryError(
      .damaged, at: "database \(table.rawValue)", "holds a key that is not in the format")
  }
}

extension RawSpan {
  // A byte array has no padding that the copy could expose.
  func copy() -> [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}
