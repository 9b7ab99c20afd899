// Verifying everything that is stored, and saying what is damaged instead of stopping at the first.

import LMDBStore

/// What a verification found.
public struct VerificationReport: Hashable, Sendable {
  /// Versions looked at.
  public var versions = 0
  /// Distinct blobs looked at.
  public var blobs = 0
  /// Stored bytes read.
  public var storedBytes = 0
  /// Blobs and manifests that no version uses. They do no harm.
  public var unused = 0
  /// What is damaged, each with place and digest; empty when all is well.
  public var problems: [RegistryError] = []
}

extension Registry {
  /// Loads every version down to its last byte, and checks the aliases and the audit trail.
  ///
  /// - Throws: only what keeps it from looking: everything that is damaged is in the report.
  /// - Complexity: linear in the stored bytes, shared blobs counted each time they are used.
  public func verify() throws(RegistryError) -> VerificationReport {
    var report = VerificationReport()
    var used: Set<Digest> = []
    var versions: Set<[UInt8]> = []
    for (key, value) in try entries(in: .versions) {
      versions.insert(key)
      do throws(RegistryError) {
        try checkVersion(key: key, value: value, used: &used, report: &report)
      } catch {
        report.problems.append(error)
      }
    }
    report.versions = versions.count
    do throws(RegistryError) {
      try checkAliases(versions: versions, into: &report)
    } catch {
      report.problems.append(error)
    }
    do throws(RegistryError) { try checkAuditTrail() } catch { report.problems.append(error) }
    report.unused = try keys(in: .blobs).union(keys(in: .manifests)).subtracting(used).count
    return report
  }

  private func checkVersion(
    key: [UInt8], value: [UInt8], used: inout Set<Digest>, report: inout VerificationReport
  ) throws(RegistryError) {
    guard let (model, rest) = Key.split(key), rest.count == 4,
      let version = Key.number(UInt32.self, endOf: key)
    else { throw Self.damagedKey(in: .versions) }
    let record = try CanonicalJSON.decode(
      VersionRecord.self, from: value, at: "record of \(model) version \(version)")
    used.insert(record.manifest)
    let manifest = try manifest(model: model, version: version).manifest
    for (_, blob) in manifest.blobs where used.insert(blob.digest).inserted {
      report.blobs += 1
      report.storedBytes += blob.storedBytes
    }
    do throws(RegistryError) {
      _ = try load(model: model, version: version)
    } catch let first {
      // Loading stops at the first damage; here all of it is wanted.
      let damages = damagedBlobs(of: manifest, version: version)
      report.problems += damages.isEmpty ? [first] : damages
    }
  }

  private func damagedBlobs(of manifest: Manifest, version: UInt32) -> [RegistryError] {
    var problems: [RegistryError] = []
    for (place, blob) in manifest.blobs {
      do throws(RegistryError) {
        _ = try content(
          of: blob, rawBytesMax: RegistryLimits.tensorBytesMax,
          at: "\(manifest.model) version \(version): \(place)")
      } catch {
        problems.append(error)
      }
    }
    return problems
  }

  private func checkAliases(
    versions: Set<[UInt8]>, into report: inout VerificationReport
  ) throws(RegistryError) {
    for alias in try aliases() {
      do throws(RegistryError) {
        try check(alias, versions: versions)
      } catch {
        report.problems.append(error)
      }
    }
  }

  private func check(
    _ alias: AliasRecord, versions: Set<[UInt8]>
  ) throws(RegistryError) {
    let place = "alias \(alias.alias) of \(alias.model)"
    let model = try Name(alias.model, of: "model")
    for version in alias.history + [alias.version]
    where !versions.contains(Key.version(model, version)) {
      throw RegistryError(.damaged, at: place, "names version \(version), which does not exist")
    }
    let digest = try environment.read { transaction throws(RegistryError) in
      try transaction.existingVersion(model, alias.version).manifest
    }
    guard digest == alias.manifest else {
      throw RegistryError(
        .damaged, at: place,
        "names manifest \(alias.manifest), but version \(alias.version) has \(digest)")
    }
  }

  private func checkAuditTrail() throws(RegistryError) {
    for (index, record) in try auditTrail().enumerated() where record.sequence != UInt64(index) + 1
    {
      throw RegistryError(
        .damaged, at: "audit record \(record.sequence)", "record \(index + 1) is missing")
    }
  }

  private func entries(
    in table: Table
  ) throws(RegistryError) -> [(key: [UInt8], value: [UInt8])] {
    try environment.read { transaction throws(RegistryError) in
      try transaction.entries(in: table)
    }
  }

  /// The digests that stand as keys in a table whose values are too large to copy.
  private func keys(in table: Table) throws(RegistryError) -> Set<Digest> {
    try environment.read { transaction throws(RegistryError) in
      var keys: Set<Digest> = []
      do throws(StoreError) {
        try transaction.forEach(in: table.rawValue) { key, _ in
          if let digest = Digest(key: key.copy()) { keys.insert(digest) }
          return true
        }
      } catch {
        throw RegistryError(store: error)
      }
      return keys
    }
  }
}
