// The named databases and their keys: the one place that knows how a key is put together.

/// The named databases of format 2.
enum Table: String, CaseIterable {
  case meta, blobs, manifests, versions, aliases, audit, unused
}

enum Key {
  static let format = Array("format".utf8)

  /// Every version or alias of an object begins with this; no name holds a zero byte.
  static func object(_ object: ObjectName) -> [UInt8] {
    Array(object.kind.text.utf8) + [0] + Array(object.name.text.utf8) + [0]
  }

  static func version(_ object: ObjectName, _ version: UInt32) -> [UInt8] {
    Self.object(object) + bigEndian(version)
  }

  static func alias(_ object: ObjectName, _ alias: Name) -> [UInt8] {
    Self.object(object) + Array(alias.text.utf8)
  }

  /// The object stands in the key, so that its records are found without reading those of others.
  static func audit(_ sequence: UInt64, _ object: ObjectName?) -> [UInt8] {
    bigEndian(sequence) + (object.map(Self.object) ?? [])
  }

  /// Big-endian, so that LMDB's order of bytes is the order of numbers.
  private static func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    stride(from: T.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// A number of exactly these bytes; `nil` when they are more or fewer.
  static func number<T: FixedWidthInteger>(_ type: T.Type, in bytes: some Collection<UInt8>) -> T? {
    guard bytes.count == T.bitWidth / 8 else { return nil }
    return bytes.reduce(0) { $0 << 8 | T($1) }
  }

  /// A key of `versions` or `aliases`: the object, and what follows it. `nil` when it is neither.
  static func split(_ key: [UInt8]) -> (object: ObjectName, rest: [UInt8])? {
    let parts = key.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    // Names are ASCII, so other bytes become characters that no name has.
    let (kind, name) = (
      String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self)
    )
    guard let object = try? ObjectName(kind: kind, name: name) else { return nil }
    return (object, Array(parts[2]))
  }

  static func version(of key: [UInt8]) -> (object: ObjectName, version: UInt32)? {
    guard let (object, rest) = split(key), let version = number(UInt32.self, in: rest) else {
      return nil
    }
    return (object, version)
  }

  static func alias(of key: [UInt8]) -> (object: ObjectName, alias: String)? {
    guard let (object, rest) = split(key),
      let alias = try? Name(String(decoding: rest, as: UTF8.self), of: "alias")
    else { return nil }
    return (object, alias.text)
  }

  /// The sequence number of a key of `audit`, and the object's part of the key.
  static func audit(of key: [UInt8]) -> (sequence: UInt64, object: [UInt8])? {
    guard let sequence = number(UInt64.self, in: key.prefix(8)) else { return nil }
    return (sequence, Array(key.dropFirst(8)))
  }
}
