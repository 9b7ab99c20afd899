// Verifying everything that is stored, and saying what is damaged instead of stopping at the first.

import LMDBStore

/// What a verification found.
public struct VerificationReport: Hashable, Sendable {
  /// Versions looked at.
  public var versions = 0
  /// Versions of kinds that this release does not know: only their manifests were looked at.
  public var unknownKinds = 0
  /// Distinct blobs looked at.
  public var blobs = 0
  /// Stored bytes read.
  public var storedBytes = 0
  /// Blobs and manifests that no version uses. They do no harm.
  public var unused = 0
  /// What is damaged, each with place and digest; empty when all is well.
  public var problems: [RegistryError] = []
}

/// Everything but manifests and blobs, of one moment: others may go on with changing the registry.
struct RegistryState {
  let versions: [(key: [UInt8], value: [UInt8])]
  /// A damaged table is one problem of several.
  let aliases: Result<[(key: [UInt8], value: [UInt8])], RegistryError>
  let audit: Result<[(key: [UInt8], value: [UInt8])], RegistryError>
}

extension Registry {
  /// Loads every version down to its last byte, and checks the aliases and the audit trail.
  ///
  /// - Throws: only what keeps it from looking: everything that is damaged is in the report.
  /// - Complexity: linear in the stored bytes, shared blobs counted each time they are used.
  public func verify() throws(RegistryError) -> VerificationReport {
    var report = VerificationReport()
    var seen: Set<Digest> = []
    var versions: [ObjectName: [UInt32: Digest]] = [:]
    let state = try read { transaction throws(RegistryError) in
      RegistryState(
        versions: try transaction.entries(in: .versions),
        aliases: transaction.result(of: .aliases), audit: transaction.result(of: .audit))
    }
    for (key, value) in state.versions {
      report.versions += 1
      report.noting { report throws(RegistryError) in
        guard let (object, version) = Key.version(of: key) else {
          throw RegistryError.damagedKey(in: .versions)
        }
        let place = "record of \(object.words) version \(version)"
        switch Recorded<VersionRecord>(decoding: value, at: place) {
        case .removed: report.versions -= 1
        case .damaged(let error): throw error
        case .present(let record):
          versions[object, default: [:]][version] = record.manifest
          do throws(RegistryError) {
            try check(object, version, record, seen: &seen, report: &report)
          } catch {
            // What was collected meanwhile is not missing.
            guard try isRemoved(object, version) else { throw error }
            report.versions -= 1
          }
        }
      }
    }
    report.noting { report throws(RegistryError) in
      for (key, _) in try state.aliases.get() where Key.alias(of: key) == nil {
        report.problems.append(RegistryError.damagedKey(in: .aliases))
      }
      for entry in try AliasEntry.all(in: state.aliases.get()) {
        report.noting { _ throws(RegistryError) in try check(entry, versions: versions) }
      }
    }
    report.noting { report throws(RegistryError) in
      report.problems += try contradictions(in: state)
    }
    report.unused = try read { transaction throws(RegistryError) in
      let stored = try transaction.keys(in: .blobs) + transaction.keys(in: .manifests)
      return Set(stored).subtracting(try transaction.used()).count
    }
    return report
  }

  private func check(
    _ object: ObjectName, _ version: UInt32, _ record: VersionRecord, seen: inout Set<Digest>,
    report: inout VerificationReport
  ) throws(RegistryError) {
    guard object.isModel else {
      report.unknownKinds += 1
      let stored = try read { transaction throws(RegistryError) in
        try transaction.value(record.manifest.bytes, in: .manifests)
      }
      guard let stored, Digest(of: stored) == record.manifest else {
        throw RegistryError(
          .damaged, at: "\(object.words) version \(version): manifest \(record.manifest)",
          "is missing or has another digest")
      }
      return
    }
    let model = object.name.text
    let manifest = try manifest(model: model, version: version).manifest
    for (_, blob) in manifest.blobs where seen.insert(blob.digest).inserted {
      report.blobs += 1
      report.storedBytes += blob.storedBytes
    }
    do throws(RegistryError) {
      _ = try load(model: model, version: version)
    } catch let first {
      guard try !isRemoved(object, version) else { throw first }
      // Loading stops at the first damage; here all of it is wanted.
      let damages = damagedBlobs(of: manifest, at: "\(model) version \(version)")
      report.problems += damages.contains(first) ? damages : [first] + damages
    }
  }

  /// Blobs whose bytes are not those that were stored. Nothing is decompressed: what a manifest that was just
  /// refused says about sizes is not believed.
  private func damagedBlobs(of manifest: Manifest, at version: String) -> [RegistryError] {
    var problems: [RegistryError] = []
    for (place, blob) in manifest.blobs {
      do throws(RegistryError) {
        _ = try storedBytes(of: blob, at: "\(version): \(place)")
      } catch {
        problems.append(error)
      }
    }
    return problems
  }

  /// Every version that an alias points to, or may return to, is there with the manifest that is pinned.
  private func check(
    _ entry: AliasEntry, versions: [ObjectName: [UInt32: Digest]]
  ) throws(RegistryError) {
    let object = try ObjectName(kind: entry.kind.description, name: entry.object)
    let place = "alias \(entry.alias) of \(object.words)"
    let record: AliasRecord
    switch entry.state {
    case .removed: return
    case .damaged(let error): throw error
    case .present(let present): record = present
    }
    for (version, manifest) in record.pins {
      guard let stored = versions[object]?[version] else {
        throw RegistryError(.damaged, at: place, "names version \(version), which does not exist")
      }
      guard stored == manifest else {
        throw RegistryError(
          .damaged, at: place,
          "pins manifest \(manifest), but version \(version) has \(stored)")
      }
    }
  }

  /// Whether the version has been removed by now.
  private func isRemoved(_ object: ObjectName, _ version: UInt32) throws(RegistryError) -> Bool {
    let record = try read { transaction throws(RegistryError) in
      try transaction.version(object, version)
    }
    guard case .removed = record else { return false }
    return true
  }
}

extension ReadTransaction {
  fileprivate func result(
    of table: Table
  ) -> Result<[(key: [UInt8], value: [UInt8])], RegistryError> {
    Result { () throws(RegistryError) in try entries(in: table) }
  }
}

extension VerificationReport {
  /// Goes on after what `check` finds, and remembers it.
  fileprivate mutating func noting(
    _ check: (inout VerificationReport) throws(RegistryError) -> Void
  ) {
    do throws(RegistryError) { try check(&self) } catch { problems.append(error) }
  }
}
