// The named databases with their keys, and transactions that speak in records. The one place that
// knows how a key is put together.

import LMDBStore

enum Table: String, CaseIterable {
  case meta, blobs, manifests, versions, aliases, audit
}

enum Key {
  static let format = Array("format".utf8)

  /// Every version of a model begins with this; no name holds a zero byte.
  static func model(_ model: Name) -> [UInt8] { Array(model.text.utf8) + [0] }

  static func version(_ model: Name, _ version: UInt32) -> [UInt8] {
    Self.model(model) + bigEndian(version)
  }

  static func alias(_ model: Name, _ alias: Name) -> [UInt8] {
    Self.model(model) + Array(alias.text.utf8)
  }

  static func audit(_ sequence: UInt64) -> [UInt8] { bigEndian(sequence) }

  /// Big-endian, so that LMDB's order of bytes is the order of numbers.
  private static func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    stride(from: T.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The number in the last bytes of a key; `nil` when there are too few.
  static func number<T: FixedWidthInteger>(_ type: T.Type, endOf key: [UInt8]) -> T? {
    let bytes = key.suffix(T.bitWidth / 8)
    guard bytes.count == T.bitWidth / 8 else { return nil }
    return bytes.reduce(0) { $0 << 8 | T($1) }
  }

  /// The two parts of a key of `versions` or `aliases`.
  static func split(_ key: [UInt8]) -> (model: String, rest: [UInt8])? {
    guard let zero = key.firstIndex(of: 0) else { return nil }
    return (String(decoding: key[..<zero], as: UTF8.self), Array(key[(zero + 1)...]))
  }
}

/// The value of an alias's record; the key says the rest.
struct AliasValue: Codable {
  var version: UInt32
  var manifest: Digest
  var since: String
  var history: [UInt32]
}

extension ReadTransaction {
  func value(_ key: [UInt8], in table: Table) throws(RegistryError) -> [UInt8]? {
    do throws(StoreError) {
      return try value(for: key, in: table.rawValue)
    } catch {
      throw RegistryError(store: error)
    }
  }

  func lastKey(in table: Table, prefix: [UInt8] = []) throws(RegistryError) -> [UInt8]? {
    do throws(StoreError) {
      return try lastKey(in: table.rawValue, prefix: prefix)
    } catch {
      throw RegistryError(store: error)
    }
  }

  /// Copies of all entries whose key begins with the prefix, in order. For tables of small records.
  func entries(
    in table: Table, prefix: [UInt8] = []
  ) throws(RegistryError) -> [(key: [UInt8], value: [UInt8])] {
    var entries: [(key: [UInt8], value: [UInt8])] = []
    do throws(StoreError) {
      try forEach(in: table.rawValue, prefix: prefix) { key, value in
        entries.append((key: key.copy(), value: value.copy()))
        return true
      }
    } catch {
      throw RegistryError(store: error)
    }
    return entries
  }

  func version(_ model: Name, _ version: UInt32) throws(RegistryError) -> VersionRecord? {
    guard let value = try value(Key.version(model, version), in: .versions) else { return nil }
    return try CanonicalJSON.decode(
      VersionRecord.self, from: value, at: "record of \(model.text) version \(version)")
  }

  func alias(_ model: Name, _ alias: Name) throws(RegistryError) -> AliasValue? {
    guard let value = try value(Key.alias(model, alias), in: .aliases) else { return nil }
    return try CanonicalJSON.decode(
      AliasValue.self, from: value, at: "record of alias \(alias.text) of \(model.text)")
  }

  /// 0 when the model does not exist.
  func lastVersion(of model: Name) throws(RegistryError) -> UInt32 {
    guard let key = try lastKey(in: .versions, prefix: Key.model(model)) else { return 0 }
    return Key.number(UInt32.self, endOf: key) ?? 0
  }

  /// The version, or an error that tells an unknown model from an unknown version.
  func existingVersion(_ model: Name, _ number: UInt32) throws(RegistryError) -> VersionRecord {
    if let record = try version(model, number) { return record }
    let last = try lastVersion(of: model)
    guard last > 0 else { throw RegistryError.unknownModel(model) }
    throw RegistryError(
      .unknownVersion, at: "\(model.text) version \(number)",
      "there is no such version; \(model.text) has 1 to \(last)")
  }
}

extension WriteTransaction {
  func put(_ value: [UInt8], _ key: [UInt8], in table: Table) throws(RegistryError) {
    do throws(StoreError) {
      try put(value, for: key, in: table.rawValue)
    } catch {
      throw RegistryError(store: error)
    }
  }

  /// Appends to the audit trail: one more than the last number, in this transaction.
  func audit(
    _ action: AuditRecord.Action, model: Name, alias: Name? = nil, from: UInt32? = nil, to: UInt32,
    by change: Change
  ) throws(RegistryError) {
    let last = try reading.lastKey(in: .audit).flatMap { Key.number(UInt64.self, endOf: $0) } ?? 0
    let record = AuditRecord(
      sequence: last + 1, when: CanonicalJSON.timestamp(change.now), who: change.who,
      action: action, model: model.text, alias: alias?.text, from: from, to: to, why: change.why)
    try put(CanonicalJSON.encode(record), Key.audit(record.sequence), in: .audit)
  }
}

extension RegistryError {
  static func unknownModel(_ model: Name) -> RegistryError {
    RegistryError(
      .unknownModel, at: "model \(model.text)",
      "there is no such model in this registry; `tessera-registry list` shows those there are")
  }
}

extension RawSpan {
  func copy() -> [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}
