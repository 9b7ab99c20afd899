/// One change of the registry: who did what, when and why. Written in the change's transaction.
public struct AuditRecord: Hashable, Sendable, Codable {
  /// The kinds of change. An open set: an unknown one is shown by its name.
  public struct Action: Hashable, Sendable, Codable, CustomStringConvertible {
    /// As it is stored.
    public let description: String

    /// An action by its name.
    public init(_ description: String) { self.description = description }

    /// A version was added.
    public static let importVersion = Action("import")
    /// An alias was pointed to a target.
    public static let promote = Action("promote")
    /// An alias was pointed back.
    public static let rollback = Action("rollback")
    /// An alias or a version was removed.
    public static let remove = Action("remove")
    /// What nothing needs was reclaimed.
    public static let gc = Action("gc")
    /// The registry was taken over from an older format.
    public static let migrate = Action("migrate")

    /// From the stored form.
    public init(from decoder: any Decoder) throws {
      description = try decoder.singleValueContainer().decode(String.self)
    }

    /// As the stored form.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(description)
    }
  }

  /// 1, 2, … without gaps.
  public var sequence: UInt64
  /// When: RFC 3339, UTC.
  public var when: String
  /// Who: as the caller said.
  public var who: String
  /// What.
  public var action: Action
  /// What kind of object it was done to; none when it was the whole registry.
  public var kind: String?
  /// Which object.
  public var object: String?
  /// Which alias; none when it was not about one.
  public var alias: String?
  /// Which version was added or removed.
  public var version: UInt32?
  /// Where the alias pointed before.
  public var from: AliasTarget?
  /// Where the alias points now.
  public var to: AliasTarget?
  /// Why, in the caller's words.
  public var why: String?

  /// The records in the entries of the table `audit`, of one object or of all. Those of others are not read.
  ///
  /// - Throws: `damaged`, at the first that cannot be read.
  static func trail(
    of entries: [(key: [UInt8], value: [UInt8])], about object: [UInt8]? = nil
  ) throws(RegistryError) -> [AuditRecord] {
    var records: [AuditRecord] = []
    for (key, value) in entries {
      guard let (sequence, about) = Key.audit(of: key) else {
        throw RegistryError.damagedKey(in: .audit)
      }
      if let object, about != object { continue }
      let place = "audit record \(sequence)"
      let record = try CanonicalJSON.decode(AuditRecord.self, from: value, at: place)
      guard record.sequence == sequence else {
        throw RegistryError(.damaged, at: place, "says that it is record \(record.sequence)")
      }
      records.append(record)
    }
    return records
  }
}
