/// A version of an object. Never changes while it is there.
public struct VersionRecord: Hashable, Sendable, Codable {
  /// The manifest's key.
  public var manifest: Digest
  /// The digest of what the version was made from (files and precision): finds a second import. Other
  /// kinds of objects may have none.
  public var content: Digest?
  /// When it was added: RFC 3339, UTC.
  public var created: String
  /// What was said about it.
  public var note: String?

  /// A record of a version.
  public init(manifest: Digest, content: Digest?, created: String, note: String? = nil) {
    self.manifest = manifest
    self.content = content
    self.created = created
    self.note = note
  }
}

extension VersionRecord {
  /// Refuses a version that has another manifest than somebody pins.
  func check(
    _ pinned: Digest, _ version: UInt32, of object: ObjectName, by pinner: String
  ) throws(RegistryError) {
    guard pinned != manifest else { return }
    throw RegistryError(
      .damaged, at: "\(object.words) version \(version)",
      "has manifest \(manifest), but \(pinner) pins \(pinned): one of the two records is damaged; "
        + "restore a backup, or remove the alias and promote the version that you want")
  }
}

/// A version as it was found: a record that cannot be read stops nobody but its own version.
public struct VersionEntry: Hashable, Sendable {
  /// The version.
  public var version: UInt32
  /// What it is, or why that is not known.
  public var state: Recorded<VersionRecord>
}

/// What stands under a key of `versions` or `aliases`.
public enum Recorded<Record: Hashable & Sendable>: Hashable, Sendable {
  /// The record.
  case present(Record)
  /// It was removed, at this time. The entry stays: the number or name is not taken for lost.
  case removed(String)
  /// It is there and cannot be read.
  case damaged(RegistryError)

  /// The record, if there is one that can be read.
  public var record: Record? {
    guard case .present(let record) = self else { return nil }
    return record
  }
}

/// What is left of a record that was removed.
struct Removal: Codable {
  var removed: String
}

private struct MaybeRemoval: Decodable {
  var removed: String?
}

extension Recorded where Record: Codable {
  init(decoding bytes: [UInt8], at place: String) {
    do throws(RegistryError) {
      let probe = try CanonicalJSON.decode(MaybeRemoval.self, from: bytes, at: place)
      if let time = probe.removed {
        self = .removed(time)
      } else {
        self = .present(try CanonicalJSON.decode(Record.self, from: bytes, at: place))
      }
    } catch {
      self = .damaged(error)
    }
  }
}
