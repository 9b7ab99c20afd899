// Models, versions, aliases and the audit trail in one LMDB environment. Format: Registry/FORMAT.md.

public import LMDBStore

/// A registry: a folder that holds models, their versions, aliases, and who changed what.
///
/// Every change is one durable transaction with its audit record in it; readers, of this and of other
/// processes, see the state before it or after it. The folder may be opened several times.
public final class Registry: Sendable {
  /// What a registry may be used for.
  public enum Access: Sendable {
    /// Reading; there must be a registry.
    case readOnly
    /// Reading and changing; makes the folder and an empty registry where there is none.
    case readWrite
  }

  /// The folder, as it was given.
  public let path: String
  let environment: Environment

  /// Opens a registry.
  ///
  /// - Parameters:
  ///   - mapBytesInitial: address space reserved for a new registry; it grows by itself.
  /// - Throws: `noRegistry`, `unknownFormat`, or `store` when the file cannot be used.
  public init(
    path: String, access: Access, mapBytesInitial: Int = StoreLimits.mapBytesInitial
  ) throws(RegistryError) {
    self.path = path
    do throws(StoreError) {
      environment = try Environment(
        path: path, access: access == .readWrite ? .readWrite : .readOnly,
        databases: Table.allCases.map(\.rawValue),
        mapBytesInitial: mapBytesInitial)
    } catch {
      throw RegistryError(store: error)
    }
    try checkFormat(access: access)
  }

  /// The number of the last change by any process; another number means another state. Cheap enough
  /// to be asked every few milliseconds: no transaction is opened.
  public func generation() throws(RegistryError) -> UInt64 {
    do throws(StoreError) {
      return try environment.lastTransactionID()
    } catch {
      throw RegistryError(store: error)
    }
  }

  /// All aliases of all models, by model and alias.
  public func aliases() throws(RegistryError) -> [AliasRecord] { try aliasesNow().aliases }

  /// All aliases, and the generation that they are of.
  ///
  /// While a change is being written to the disk, ``generation()`` may already name it though readers
  /// still see the state before it. Who waits for changes must therefore remember this generation as
  /// seen, and not the one that ``generation()`` gave: else that change is never noticed.
  public func aliasesNow() throws(RegistryError) -> (generation: UInt64, aliases: [AliasRecord]) {
    try environment.read { transaction throws(RegistryError) in
      var records: [AliasRecord] = []
      for (key, value) in try transaction.entries(in: .aliases) {
        guard let (model, rest) = Key.split(key) else { throw Self.damagedKey(in: .aliases) }
        let alias = String(decoding: rest, as: UTF8.self)
        let value = try CanonicalJSON.decode(
          AliasValue.self, from: value, at: "record of alias \(alias) of \(model)")
        records.append(
          AliasRecord(
            model: model, alias: alias, version: value.version, manifest: value.manifest,
            since: value.since, history: value.history))
      }
      return (transaction.number, records)
    }
  }

  /// The names of all models, ascending.
  public func models() throws(RegistryError) -> [String] {
    try environment.read { transaction throws(RegistryError) in
      var models: [String] = []
      for (key, _) in try transaction.entries(in: .versions) {
        guard let (model, _) = Key.split(key) else { throw Self.damagedKey(in: .versions) }
        if models.last != model { models.append(model) }
      }
      return models
    }
  }

  /// The versions of a model, ascending, with what each points to.
  ///
  /// - Throws: `unknownModel`, `badName`.
  public func versions(
    model: String
  ) throws(RegistryError) -> [(version: UInt32, record: VersionRecord)] {
    let model = try Name(model, of: "model")
    return try environment.read { transaction throws(RegistryError) in
      var versions: [(version: UInt32, record: VersionRecord)] = []
      for (key, value) in try transaction.entries(in: .versions, prefix: Key.model(model)) {
        guard let version = Key.number(UInt32.self, endOf: key) else {
          throw Self.damagedKey(in: .versions)
        }
        let record = try CanonicalJSON.decode(
          VersionRecord.self, from: value, at: "record of \(model.text) version \(version)")
        versions.append((version: version, record: record))
      }
      guard !versions.isEmpty else { throw RegistryError.unknownModel(model) }
      return versions
    }
  }

  /// The manifest of a version, its digest verified; its blobs are not looked at.
  ///
  /// - Throws: `unknownModel`, `unknownVersion`, `damaged`.
  public func manifest(
    model: String, version: UInt32
  ) throws(RegistryError) -> (digest: Digest, manifest: Manifest) {
    let model = try Name(model, of: "model")
    let (digest, bytes) = try environment.read { transaction throws(RegistryError) in
      let digest = try transaction.existingVersion(model, version).manifest
      return (digest, try transaction.value(digest.bytes, in: .manifests))
    }
    let place = "\(model.text) version \(version): manifest \(digest)"
    return (digest, try Manifest(verifying: bytes, digest: digest, at: place))
  }

  /// The audit trail, oldest first; of one model, or of all.
  public func auditTrail(model: String? = nil) throws(RegistryError) -> [AuditRecord] {
    let entries = try environment.read { transaction throws(RegistryError) in
      try transaction.entries(in: .audit)
    }
    var records: [AuditRecord] = []
    for (key, value) in entries {
      let number = Key.number(UInt64.self, endOf: key).map(String.init) ?? "?"
      let record = try CanonicalJSON.decode(
        AuditRecord.self, from: value, at: "audit record \(number)")
      if model == nil || record.model == model { records.append(record) }
    }
    return records
  }

  static func damagedKey(in table: Table) -> RegistryError {
    RegistryError(
      .damaged, at: "database \(table.rawValue)", "holds a key that is not in the format")
  }

  private func checkFormat(access: Access) throws(RegistryError) {
    let format = try environment.read { transaction throws(RegistryError) in
      try transaction.value(Key.format, in: .meta)
    }
    let expected = Array("\(RegistryLimits.formatVersion)".utf8)
    if format == expected { return }
    if let format {
      throw RegistryError(
        .unknownFormat, at: path,
        "this registry has format \"\(String(decoding: format.prefix(32), as: UTF8.self))\"; this "
          + "program knows only \(RegistryLimits.formatVersion); use one that is as new as the "
          + "registry")
    }
    // The databases are made in the first transaction, the format follows in the second.
    guard try generation() <= 1 else {
      throw RegistryError(
        .damaged, at: path, "the record of the format is missing; restore the folder from a copy")
    }
    guard access == .readWrite else {
      throw RegistryError(
        .noRegistry, at: path, "there is no registry here; `tessera-registry import` makes one")
    }
    try environment.write { transaction throws(RegistryError) in
      try transaction.put(expected, Key.format, in: .meta)
    }
  }
}
