// Objects, versions, aliases and the audit trail in one LMDB environment. Format: Registry/FORMAT.md.

public import LMDBStore

/// A registry: a folder that holds models, their versions, aliases, and who changed what.
///
/// Every change is one durable transaction with its audit record in it; readers, of this and of other
/// processes, see the state before it or after it. The folder may be opened as often as one likes; when
/// another takes its place, that one is used.
public final class Registry: Sendable {
  /// What a registry may be used for.
  public enum Access: Sendable {
    /// Reading; there must be a registry.
    case readOnly
    /// Reading and changing; makes the folder and an empty registry where there is none.
    case readWrite
  }

  /// A state of a registry; another value means another content.
  public typealias Generation = LMDBStore.Generation

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
    environment = Environment(
      path: path, access: access == .readWrite ? .readWrite : .readOnly,
      mapBytesInitial: mapBytesInitial)
    do throws(RegistryError) {
      try checkTables()
    } catch {
      guard access == .readWrite, error.code == .noRegistry else { throw error }
      try create()
    }
  }

  /// The present state; another value means another content. Cheap enough to be asked every few
  /// milliseconds: no transaction is opened.
  public func generation() throws(RegistryError) -> Generation {
    do throws(StoreError) {
      return try environment.generation()
    } catch {
      throw RegistryError(store: error)
    }
  }

  /// All aliases of all objects with the state that they are of, each readable or not by itself;
  /// removed ones included.
  ///
  /// While a change is being written to the disk, ``generation()`` may already name it. Who waits for
  /// changes must therefore remember this generation as seen, and not the one that ``generation()``
  /// gave: else that change is never noticed.
  public func aliasesNow() throws(RegistryError) -> (generation: Generation, aliases: [AliasEntry])
  {
    try read { transaction throws(RegistryError) in
      (try transaction.generationNow(), try transaction.aliases())
    }
  }

  /// The aliases of a model that are there, each readable or not by itself.
  public func aliases(model: String) throws(RegistryError) -> [AliasEntry] {
    let object = try ObjectName(model: model)
    return try read { transaction throws(RegistryError) in
      try transaction.aliases(of: object)
    }.filter(\.state.isThere)
  }

  /// Every object that has a version, by kind and name.
  public func objects() throws(RegistryError) -> [(kind: RegistryKind, name: String)] {
    try read { transaction throws(RegistryError) in
      var objects: [ObjectName] = []
      for (key, value) in try transaction.entries(in: .versions) {
        // A key that is none names no object; verification finds it.
        guard let (object, version) = Key.version(of: key) else { continue }
        let place = "record of \(object.words) version \(version)"
        guard objects.last != object, Recorded<VersionRecord>(decoding: value, at: place).isThere
        else { continue }
        objects.append(object)
      }
      return objects.map { (RegistryKind($0.kind.text), $0.name.text) }
    }
  }

  /// The versions of an object that are there, ascending, each readable or not by itself.
  ///
  /// - Throws: `unknownModel`, `badName`.
  public func versions(
    of name: String, kind: RegistryKind = .model
  ) throws(RegistryError) -> [VersionEntry] {
    let object = try ObjectName(kind: kind.description, name: name)
    let versions = try read { transaction throws(RegistryError) in
      try transaction.versions(of: object)
    }.filter(\.state.isThere)
    guard !versions.isEmpty else { throw RegistryError.unknownObject(object) }
    return versions
  }

  /// The record of a version.
  ///
  /// - Throws: `unknownModel`, `unknownVersion`, `damaged`.
  public func version(model: String, _ version: UInt32) throws(RegistryError) -> VersionRecord {
    let object = try ObjectName(model: model)
    return try read { transaction throws(RegistryError) in
      try transaction.existingVersion(object, version)
    }
  }

  /// The manifest of a version, its digest verified; its blobs are not looked at.
  ///
  /// - Parameter pinned: the manifest that the version must have, when something says so.
  /// - Throws: `unknownModel`, `unknownVersion`, `damaged`.
  public func manifest(
    model: String, version: UInt32, pinned: Digest? = nil
  ) throws(RegistryError) -> (digest: Digest, manifest: Manifest) {
    let (record, bytes) = try stored(model: model, version: version, pinned: pinned)
    let manifest = try Manifest(
      verifying: bytes, digest: record.manifest, of: model, version: version)
    // Where a record was made to name the manifest of another version.
    guard record.content == nil || record.content == manifest.content else {
      throw RegistryError(
        .damaged, at: "record of \(model) version \(version)",
        "names manifest \(record.manifest), which was made of other files than the version")
    }
    return (record.manifest, manifest)
  }

  /// The bytes of a manifest as they are stored, verified by nobody.
  package func manifestBytes(
    model: String, version: UInt32, pinned: Digest?
  ) throws(RegistryError) -> (digest: Digest, bytes: [UInt8]?) {
    let (record, bytes) = try stored(model: model, version: version, pinned: pinned)
    return (record.manifest, bytes)
  }

  private func stored(
    model: String, version: UInt32, pinned: Digest?
  ) throws(RegistryError) -> (record: VersionRecord, manifest: [UInt8]?) {
    let object = try ObjectName(model: model)
    return try read { transaction throws(RegistryError) in
      let record = try transaction.existingVersion(object, version)
      if let pinned { try record.check(pinned, version, of: object, by: "the alias") }
      return (record, try transaction.value(record.manifest.bytes, in: .manifests))
    }
  }

  /// The audit trail, oldest first; of one model, or of all. Records of others are not read.
  public func auditTrail(model: String? = nil) throws(RegistryError) -> [AuditRecord] {
    let object = try model.map { name throws(RegistryError) in
      Key.object(try ObjectName(model: name))
    }
    let entries = try read { transaction throws(RegistryError) in
      try transaction.entries(in: .audit)
    }
    return try AuditRecord.trail(of: entries, about: object)
  }

  // MARK: The format

  /// Reads one state. Its format is read before anything else: the folder may have been replaced.
  func read<R>(
    _ body: (borrowing ReadTransaction) throws(RegistryError) -> R
  ) throws(RegistryError) -> R {
    try environment.read { transaction throws(RegistryError) in
      try transaction.checkFormat(at: path)
      return try body(transaction)
    }
  }

  /// Changes one state, whose format is read before anything else.
  func write<R>(
    _ body: (borrowing WriteTransaction) throws(RegistryError) -> R
  ) throws(RegistryError) -> R {
    try environment.write { transaction throws(RegistryError) in
      try transaction.reading.checkFormat(at: path)
      return try body(transaction)
    }
  }

  private func checkTables() throws(RegistryError) {
    try read { transaction throws(RegistryError) in
      for table in Table.allCases where try !transaction.has(table) {
        throw RegistryError(
          .damaged, at: path,
          "the database \(table.rawValue) is missing; restore the folder from a backup")
      }
    }
  }

  private func create() throws(RegistryError) {
    try environment.write { transaction throws(RegistryError) in
      // Another process may have been faster.
      if try transaction.reading.format(at: path) == nil { try transaction.createTables() }
    }
    try checkTables()
  }
}

extension Recorded {
  /// Whether something stands there that was not removed.
  var isThere: Bool {
    switch self {
    case .present, .damaged: true
    case .removed: false
    }
  }
}

extension ReadTransaction {
  fileprivate func generationNow() throws(RegistryError) -> Generation {
    do throws(StoreError) { return try generation() } catch { throw RegistryError(store: error) }
  }

  func has(_ table: Table) throws(RegistryError) -> Bool {
    do throws(StoreError) {
      return try has(database: table.rawValue)
    } catch {
      throw RegistryError(store: error)
    }
  }

  /// What the registry says its format is; `nil` when nothing was ever written here.
  func format(at path: String) throws(RegistryError) -> String? {
    if try has(.meta), let format = try value(Key.format, in: .meta) {
      return String(decoding: format.prefix(32), as: UTF8.self)
    }
    // Databases and format are made in the first transaction.
    let isPristine: Bool
    do throws(StoreError) {
      isPristine = try self.isPristine()
    } catch {
      throw RegistryError(store: error)
    }
    guard isPristine else {
      throw RegistryError(
        .damaged, at: path,
        "the record of the format is missing: this is no registry, or a damaged one; restore the "
          + "folder from a backup")
    }
    return nil
  }

  func checkFormat(at path: String) throws(RegistryError) {
    guard let format = try format(at: path) else {
      throw RegistryError(
        .noRegistry, at: path, "there is no registry here; `tessera-registry import` makes one")
    }
    if format == "\(RegistryLimits.formatVersion)" { return }
    let remedy =
      format == "\(Format1.version)"
      ? "`tessera-registry migrate --registry \(path)` brings it to format "
        + "\(RegistryLimits.formatVersion) and keeps the old file"
      : "this program knows only \(RegistryLimits.formatVersion); use one that is as new as the registry"
    throw RegistryError(
      .unknownFormat, at: path, "this registry has format \"\(format)\"; \(remedy)")
  }
}
