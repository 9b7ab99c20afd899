#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

// The small records beside manifests: what a version is, where an alias points, what was done.

/// A version of a model. Never changes.
public struct VersionRecord: Hashable, Sendable, Codable {
  /// The manifest's key.
  public var manifest: Digest
  /// The digest of what the version was made from (files and precision): finds a second import.
  public var content: Digest

  /// A record of a version.
  public init(manifest: Digest, content: Digest) {
    self.manifest = manifest
    self.content = content
  }
}

/// An alias of a model: where it points, and where it pointed before.
public struct AliasRecord: Hashable, Sendable {
  /// The model's name.
  public var model: String
  /// The alias's name.
  public var alias: String
  /// The version it points to.
  public var version: UInt32
  /// The manifest of that version.
  public var manifest: Digest
  /// Since when: RFC 3339, UTC.
  public var since: String
  /// What rollback returns to, the next one last. Promotion appends, rollback takes away.
  public var history: [UInt32]
}

/// One change of the registry: who did what, when and why. Written in the change's transaction.
public struct AuditRecord: Hashable, Sendable, Codable {
  /// The kinds of change.
  public enum Action: String, Hashable, Sendable, Codable {
    /// A version was added.
    case importVersion = "import"
    /// An alias was pointed to a version.
    case promote
    /// An alias was pointed back.
    case rollback
  }

  /// 1, 2, … without gaps.
  public var sequence: UInt64
  /// When: RFC 3339, UTC.
  public var when: String
  /// Who: as the caller said.
  public var who: String
  /// What.
  public var action: Action
  /// Which model.
  public var model: String
  /// Which alias; none for an import.
  public var alias: String?
  /// The version before; none for an import and for a new alias.
  public var from: UInt32?
  /// The version after: the imported one, or where the alias points now.
  public var to: UInt32
  /// Why, in the caller's words.
  public var why: String?
}

/// Who changes the registry, and when. Passed in, so that nothing here reads a clock.
public struct Change: Hashable, Sendable {
  /// A person or a program, with its machine: `deploy@trainer-3`.
  public var who: String
  /// When.
  public var now: Date
  /// Why; a sentence.
  public var why: String?

  /// A change by `who` at a time, for a reason.
  public init(who: String, now: Date, why: String? = nil) {
    self.who = who
    self.now = now
    self.why = why
  }
}
