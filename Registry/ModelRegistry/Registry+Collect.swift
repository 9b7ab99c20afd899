// Reclaiming what nothing needs. A digest that stands anywhere in a record or in a manifest that one needs
// keeps what has it: so what kinds that this release does not know have stored is kept as well.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import LMDBStore

/// What a collection did.
public struct Reclaimed: Hashable, Sendable {
  /// Blobs and manifests that were removed.
  public var removed = 0
  /// Their bytes as stored.
  public var removedBytes = 0
  /// Blobs and manifests that nothing needs and whose grace period is not over.
  public var waiting = 0

  /// What a collection did.
  public init(removed: Int = 0, removedBytes: Int = 0, waiting: Int = 0) {
    self.removed = removed
    self.removedBytes = removedBytes
    self.waiting = waiting
  }
}

/// Since when nothing needs a blob or a manifest.
private struct Unused: Codable {
  var since: String
}

extension Registry {
  /// Removes blobs and manifests that no version and no alias has needed for a while. Their pages are used
  /// again; ``compact()`` gives them back to the file system.
  ///
  /// - Parameter graceSeconds: how long they must have been unused.
  /// - Throws: `damaged` where a version's record or manifest is.
  public func gc(
    graceSeconds: Int = RegistryLimits.graceSeconds, change: Change
  ) throws(RegistryError) -> Reclaimed {
    try change.check()
    let limit = CanonicalJSON.timestamp(change.now.addingTimeInterval(-Double(graceSeconds)))
    return try write { transaction throws(RegistryError) in
      try transaction.reading.checkNeeds()
      try transaction.markUnused(now: change.now)
      var reclaimed = Reclaimed()
      for (key, value) in try transaction.reading.entries(in: .unused) {
        let place = "record of unused \(key.count) bytes"
        let unused = try CanonicalJSON.decode(Unused.self, from: value, at: place)
        // The written form sorts as the time does.
        guard unused.since <= limit else {
          reclaimed.waiting += 1
          continue
        }
        for table in [Table.blobs, .manifests] {
          guard let bytes = try transaction.reading.size(of: key, in: table) else { continue }
          try transaction.remove(key, in: table)
          reclaimed.removed += 1
          reclaimed.removedBytes += bytes
        }
        try transaction.remove(key, in: .unused)
      }
      if reclaimed.removed > 0 { try transaction.audit(.gc, by: change) }
      return reclaimed
    }
  }
}

extension WriteTransaction {
  /// Notes since when nothing needs a blob or a manifest, and forgets that of one that is needed again.
  func markUnused(now: Date) throws(RegistryError) {
    let used = try reading.used()
    let noted = Set(try reading.keys(in: .unused))
    let since = CanonicalJSON.encode(Unused(since: CanonicalJSON.timestamp(now)))
    for table in [Table.blobs, .manifests] {
      for key in try reading.keys(in: table) where !used.contains(key) && !noted.contains(key) {
        try put(since, key, in: .unused)
      }
    }
    for key in noted where used.contains(key) { try remove(key, in: .unused) }
  }
}

extension ReadTransaction {
  /// Refuses where the record or the manifest of a version is damaged: what it needs would be taken for unused,
  /// and a repair would come too late.
  fileprivate func checkNeeds() throws(RegistryError) {
    for (key, value) in try entries(in: .versions) {
      guard let (object, version) = Key.version(of: key) else {
        throw RegistryError.damagedKey(in: .versions)
      }
      let place = "\(object.words) version \(version)"
      switch Recorded<VersionRecord>(decoding: value, at: "record of \(place)") {
      case .removed: continue
      case .damaged(let error): throw error
      case .present(let record):
        let stored = try self.value(record.manifest.bytes, in: .manifests)
        guard let stored, Digest(of: stored) == record.manifest else {
          throw RegistryError(
            .damaged, at: "\(place): manifest \(record.manifest)",
            "is missing or has another digest; import its files again or remove the version, then "
              + "reclaim")
        }
      }
    }
  }

  /// The keys of all blobs and manifests that versions and aliases need.
  func used() throws(RegistryError) -> Set<[UInt8]> {
    var used: Set<[UInt8]> = []
    var manifests: Set<[UInt8]> = []
    for table in [Table.versions, .aliases] {
      for (_, value) in try entries(in: table) {
        manifests.formUnion(Digest.written(in: value).map(\.bytes))
      }
    }
    for key in manifests {
      used.insert(key)
      guard let manifest = try value(key, in: .manifests) else { continue }
      used.formUnion(Digest.written(in: manifest).map(\.bytes))
    }
    return used
  }
}

extension Digest {
  /// Every digest in its written form within some text, JSON or not.
  fileprivate static func written(in text: [UInt8]) -> [Digest] {
    let prefix = Array("sha256:".utf8)
    var digests: [Digest] = []
    var index = 0
    while index + prefix.count + 64 <= text.count {
      let end = index + prefix.count + 64
      if text[index] == prefix[0], text[index..<index + prefix.count].elementsEqual(prefix),
        let digest = Digest(String(decoding: text[index..<end], as: UTF8.self))
      {
        digests.append(digest)
        index = end
      } else {
        index += 1
      }
    }
    return digests
  }
}
