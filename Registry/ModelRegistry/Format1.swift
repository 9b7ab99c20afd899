// The format before this one, read once to be left behind. Nothing else in this module knows it.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import LMDBStore
import ModelGraph
import TesseraWire

/// What a migration took over.
public struct Migration: Hashable, Sendable {
  /// Versions, each with its number.
  public var versions = 0
  /// Aliases with their histories.
  public var aliases = 0
  /// Audit records.
  public var audit = 0
  /// Blobs, byte for byte.
  public var blobs = 0
  /// Where the old data file is kept.
  public var kept: String
}

/// Records of format 1, and how each is said in format 2.
package enum Format1 {
  static let version = 1
  /// SCORE had no flags then: they follow these bytes of a body.
  private static let bytesBeforeFlags = 8

  /// A warm-up as the wire of today wants it: each recorded SCORE with flags of zeros.
  ///
  /// - Throws: `damaged` for frames that are cut or damaged, or a body that is too short.
  package static func warmup(
    _ frames: [UInt8], at place: String
  ) throws(RegistryError) -> [UInt8] {
    let recorded: RecordedRequests
    do throws(WireError) {
      recorded = try RecordedRequests(decoding: frames)
    } catch {
      throw RegistryError(.damaged, at: "\(place): warm-up", error.description)
    }
    var today: [UInt8] = []
    for (index, body) in recorded.bodies.enumerated() {
      guard body.count >= bytesBeforeFlags else {
        throw RegistryError(
          .damaged, at: "\(place): warm-up", "recorded request \(index) has \(body.count) bytes")
      }
      let split = body.lowerBound + bytesBeforeFlags
      let bytes = frames[body.lowerBound..<split] + [0, 0] + frames[split..<body.upperBound]
      // Integers have no padding that `bytes` could expose.
      unsafe Frame.append(
        .score, requestID: UInt64(index), body: Array(bytes).span.bytes, to: &today)
    }
    return today
  }

  struct Manifest: Decodable {
    var format: Int
    var model: String
    var precision: ModelRegistry.Manifest.Precision
    var created: String
    var note: String?
    var description: ModelRegistry.Manifest.Blob
    var tensors: [ModelRegistry.Manifest.Tensor]
    var warmup: ModelRegistry.Manifest.Blob?
    var metrics: JSONValue?
    var sources: ModelRegistry.Manifest.Sources

    var content: ModelRegistry.Manifest {
      ModelRegistry.Manifest(
        format: RegistryLimits.formatVersion, kind: RegistryKind.model.description,
        precision: precision, description: description, tensors: tensors, warmup: warmup,
        metrics: metrics, effect: nil, sources: sources)
    }
  }

  struct Version: Decodable {
    var manifest: Digest
    var content: Digest
  }

  struct Alias: Decodable {
    var version: UInt32
    var manifest: Digest
    var since: String
    var history: [UInt32]
  }

  struct Audit: Decodable {
    var sequence: UInt64
    var when: String
    var who: String
    var action: String
    var model: String
    var alias: String?
    var from: UInt32?
    var to: UInt32
    var why: String?
  }

  /// Keys began with a model, not with a kind.
  static func split(
    _ key: [UInt8], in table: Table
  ) throws(RegistryError) -> (model: ObjectName, rest: [UInt8]) {
    guard let zero = key.firstIndex(of: 0) else { throw RegistryError.damagedKey(in: table) }
    return (
      try ObjectName(model: String(decoding: key[..<zero], as: UTF8.self)),
      Array(key[(zero + 1)...])
    )
  }
}

extension Registry {
  /// Brings a registry of format 1 to the present format: versions with their numbers, aliases with their
  /// histories, the audit trail, and blobs byte for byte; warm-ups are brought to today's frames. Readers find the old one or the new one. The old
  /// data file is kept beside it.
  ///
  /// Programs of the release before know nothing of the new lock: stop them first.
  ///
  /// - Throws: `unknownFormat` when it is not of format 1; `damaged` when something in it cannot be read.
  ///   Nothing has changed then.
  public static func migrate(path: String, change: Change) throws(RegistryError) -> Migration {
    try change.check()
    let name = "data.format-\(Format1.version).mdb"
    let environment = Environment(path: path, access: .readWrite)
    // Looked at first, in a way that makes nothing where there is nothing.
    try Environment(path: path, access: .readOnly).read { transaction throws(RegistryError) in
      try transaction.checkIsFormat1(at: path)
    }
    return try environment.rebuild(keeping: name) { old, new throws(RegistryError) in
      try old.checkIsFormat1(at: path)
      try new.createTables()
      var migration = Migration(kept: "\(path)/\(name)")
      let manifests = try old.copyVersions(to: new, counting: &migration)
      try old.copyAliases(to: new, with: manifests, counting: &migration)
      try old.copyAudit(to: new, with: manifests, counting: &migration)
      for key in try old.keys(in: .blobs) {
        guard let blob = try old.value(key, in: .blobs) else { continue }
        try new.put(blob, key, in: .blobs)
        migration.blobs += 1
      }
      try new.audit(.migrate, by: change)
      return migration
    }
  }
}

/// The new manifest of each version.
private typealias Manifests = [ObjectName: [UInt32: Digest]]

extension ReadTransaction {
  fileprivate func checkIsFormat1(at path: String) throws(RegistryError) {
    let format = try format(at: path) ?? "none"
    guard format == "\(Format1.version)" else {
      throw RegistryError(
        .unknownFormat, at: path,
        "has format \"\(format)\"; only format \(Format1.version) is migrated; nothing was changed")
    }
  }

  fileprivate func copyVersions(
    to new: borrowing WriteTransaction, counting migration: inout Migration
  ) throws(RegistryError) -> Manifests {
    var manifests: Manifests = [:]
    for (key, value) in try entries(in: .versions) {
      let (model, rest) = try Format1.split(key, in: .versions)
      guard let version = Key.number(UInt32.self, in: rest) else {
        throw RegistryError.damagedKey(in: .versions)
      }
      let place = "\(model.words) version \(version)"
      let old = try CanonicalJSON.decode(Format1.Version.self, from: value, at: place)
      guard let stored = try self.value(old.manifest.bytes, in: .manifests),
        Digest(of: stored) == old.manifest
      else {
        throw RegistryError(
          .damaged, at: "\(place): manifest \(old.manifest)",
          "is missing or has another digest; import the files again with the release before")
      }
      let manifest = try CanonicalJSON.decode(Format1.Manifest.self, from: stored, at: place)
      var content = manifest.content
      content.warmup = try copyWarmup(manifest.warmup, to: new, at: place)
      let bytes = CanonicalJSON.encode(content)
      let digest = Digest(of: bytes)
      try new.put(bytes, digest.bytes, in: .manifests)
      let record = VersionRecord(
        manifest: digest, content: old.content, created: manifest.created, note: manifest.note)
      try new.put(record: record, Key.version(model, version), in: .versions)
      manifests[model, default: [:]][version] = digest
      migration.versions += 1
    }
    return manifests
  }

  /// The warm-up of a version in today's frames, stored as a blob of its own.
  private func copyWarmup(
    _ old: Manifest.Blob?, to new: borrowing WriteTransaction, at place: String
  ) throws(RegistryError) -> Manifest.Blob? {
    guard let old else { return nil }
    guard let stored = try value(old.digest.bytes, in: .blobs) else {
      throw RegistryError(.damaged, at: "\(place): warm-up", "is missing")
    }
    let frames = try Format1.warmup(
      old.content(ofStored: stored, at: "\(place): warm-up"), at: place)
    let bytes = ZstdFrame.compress(frames)
    let digest = Digest(of: bytes)
    try new.put(bytes, digest.bytes, in: .blobs)
    return Manifest.Blob(digest: digest, storedBytes: bytes.count, rawBytes: frames.count)
  }

  fileprivate func copyAliases(
    to new: borrowing WriteTransaction, with manifests: Manifests,
    counting migration: inout Migration
  ) throws(RegistryError) {
    for (key, value) in try entries(in: .aliases) {
      let (model, rest) = try Format1.split(key, in: .aliases)
      let name = try Name(String(decoding: rest, as: UTF8.self), of: "alias")
      let place = "alias \(name.text) of \(model.words)"
      let old = try CanonicalJSON.decode(Format1.Alias.self, from: value, at: place)
      func target(_ version: UInt32) throws(RegistryError) -> AliasTarget {
        guard let manifest = manifests[model]?[version] else {
          throw RegistryError(.damaged, at: place, "names version \(version), which does not exist")
        }
        return AliasTarget(version: version, manifest: manifest)
      }
      var history: [AliasTarget] = []
      for version in old.history.suffix(RegistryLimits.aliasHistoryMax) {
        history.append(try target(version))
      }
      let record = AliasRecord(
        target: try target(old.version), since: old.since, history: history, other: [:])
      try new.put(record: record, Key.alias(model, name), in: .aliases)
      migration.aliases += 1
    }
  }

  fileprivate func copyAudit(
    to new: borrowing WriteTransaction, with manifests: Manifests,
    counting migration: inout Migration
  ) throws(RegistryError) {
    for (_, value) in try entries(in: .audit) {
      let place = "audit record \(migration.audit + 1)"
      let old = try CanonicalJSON.decode(Format1.Audit.self, from: value, at: place)
      let model = try ObjectName(model: old.model)
      func target(_ version: UInt32?) -> AliasTarget? {
        guard let version, let manifest = manifests[model]?[version] else { return nil }
        return AliasTarget(version: version, manifest: manifest)
      }
      let isAboutAlias = old.alias != nil
      let record = AuditRecord(
        sequence: old.sequence, when: old.when, who: old.who,
        action: AuditRecord.Action(old.action), kind: model.kind.text, object: model.name.text,
        alias: old.alias, version: isAboutAlias ? nil : old.to,
        from: isAboutAlias ? target(old.from) : nil, to: isAboutAlias ? target(old.to) : nil,
        why: old.why)
      try new.put(record: record, Key.audit(old.sequence, model), in: .audit)
      migration.audit += 1
    }
  }
}
