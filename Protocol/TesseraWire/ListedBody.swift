/// LISTED: a part of what a server serves, alias by alias.
public struct ListedBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.listed
  static let fixedByteCount = 6
  static let byteCountMax =
    fixedByteCount + Limits.listEntriesMax
    * (Entry.fixedByteCount + 2 * Limits.nameBytesMax + Limits.reasonBytesMax)

  /// One alias of one object.
  public struct Entry: Hashable, Sendable {
    static let fixedByteCount = 13

    /// Whether requests for it are answered. An open set; an unknown state is not ready.
    public struct State: RawRepresentable, Hashable, Sendable {
      /// The number on the wire.
      public var rawValue: UInt8
      /// Any number is a state.
      public init(rawValue: UInt8) { self.rawValue = rawValue }
      /// The wanted version is served.
      public static let ready = State(rawValue: 0)
      /// The wanted version is being loaded.
      public static let loading = State(rawValue: 1)
      /// The wanted version cannot be served; ``Entry/reason`` says why.
      public static let refused = State(rawValue: 2)
    }

    /// What the name names.
    public var objectKind: ObjectKind
    /// Whether requests are answered as the registry wants.
    public var state: State
    /// The version that is served now; 0 = none.
    public var version: UInt32
    /// The version that the registry names.
    public var wantedVersion: UInt32
    /// The object's name.
    public var name: String
    /// The alias.
    public var alias: String
    /// For people: why it is not ready. Cut at ``Limits/reasonBytesMax`` bytes.
    public var reason: String

    /// An alias and its state.
    public init(
      objectKind: ObjectKind = .model, state: State, version: UInt32, wantedVersion: UInt32,
      name: String, alias: String, reason: String = ""
    ) {
      self.objectKind = objectKind
      self.state = state
      self.version = version
      self.wantedVersion = wantedVersion
      self.name = name
      self.alias = alias
      self.reason = reason
    }
  }

  /// Entries in all that LIST asked for.
  public var total: Int
  /// The number of the first entry here.
  public var first: Int
  /// At most ``Limits/listEntriesMax``.
  public var entries: [Entry]

  /// A part of a list.
  public init(total: Int, first: Int, entries: [Entry]) {
    self.total = total
    self.first = first
    self.entries = entries
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    total = Int(try reader.integer(body, UInt16.self, "total"))
    first = Int(try reader.integer(body, UInt16.self, "first"))
    let count = try reader.count(body, UInt16.self, 0...Limits.listEntriesMax, "count")
    entries = []
    for _ in 0..<count { entries.append(try Entry(body, &reader)) }
    try reader.end(body)
  }

  /// - Throws: `LIMIT` for too many entries or a name that is empty or too long.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try checkCount(entries.count, 0...Limits.listEntriesMax, "the list")
    for entry in entries {
      try checkName(entry.name, "the name")
      try checkName(entry.alias, "the alias")
    }
    bytes.appendLittleEndian(UInt16(clamping: total))
    bytes.appendLittleEndian(UInt16(clamping: first))
    bytes.appendLittleEndian(UInt16(entries.count))
    for entry in entries { entry.append(to: &bytes) }
  }
}

extension ListedBody.Entry {
  fileprivate init(_ body: RawSpan, _ reader: inout ByteReader) throws(WireError) {
    objectKind = ObjectKind(rawValue: try reader.integer(body, UInt8.self, "object_kind"))
    state = State(rawValue: try reader.integer(body, UInt8.self, "state"))
    version = try reader.integer(body, UInt32.self, "version")
    wantedVersion = try reader.integer(body, UInt32.self, "wanted_version")
    let nameCount = try reader.count(body, UInt8.self, 1...Limits.nameBytesMax, "name_length")
    let aliasCount = try reader.count(body, UInt8.self, 1...Limits.nameBytesMax, "alias_length")
    let reasonCount = try reader.count(
      body, UInt8.self, 0...Limits.reasonBytesMax, "reason_length")
    name = try reader.text(body, nameCount, "the name")
    alias = try reader.text(body, aliasCount, "the alias")
    reason = try reader.text(body, reasonCount, "the reason")
  }

  fileprivate func append(to bytes: inout [UInt8]) {
    let reason = reason.prefix(utf8BytesMax: Limits.reasonBytesMax)
    bytes.append(objectKind.rawValue)
    bytes.append(state.rawValue)
    bytes.appendLittleEndian(version)
    bytes.appendLittleEndian(wantedVersion)
    bytes.append(UInt8(name.utf8.count))
    bytes.append(UInt8(alias.utf8.count))
    bytes.append(UInt8(reason.utf8.count))
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: alias.utf8)
    bytes.append(contentsOf: reason.utf8)
  }
}
