// What a registry's databases hold, seen past the registry: to compare and to damage.

import LMDBStore

/// The databases that `Registry/FORMAT.md` names.
let databaseNames = ["meta", "blobs", "manifests", "versions", "aliases", "audit", "unused"]

/// Every key and value of these databases.
func content(
  of path: String, databases: [String] = databaseNames
) throws -> [String: [[UInt8]: [UInt8]]] {
  let store = Environment(path: path, access: .readWrite)
  return try store.read { transaction throws(StoreError) in
    var content: [String: [[UInt8]: [UInt8]]] = [:]
    for name in databases {
      var keys: [[UInt8]] = []
      try transaction.forEach(in: name) { key, _ in
        keys.append((0..<key.byteCount).map { key.byte(at: $0) })
        return true
      }
      for key in keys {
        content[name, default: [:]][key] = try transaction.value(for: key, in: name)
      }
    }
    return content
  }
}

/// Makes a database, and the environment where there is none.
func createDatabase(_ name: String, at path: String) throws {
  try Environment(path: path, access: .readWrite).write { transaction throws(StoreError) in
    try transaction.create(database: name)
  }
}

/// Puts other bytes under a key.
func replace(_ key: [UInt8], in database: String, with value: [UInt8], at path: String) throws {
  let store = Environment(path: path, access: .readWrite)
  try store.write { transaction throws(StoreError) in
    try transaction.put(value, for: key, in: database)
  }
}

/// Takes a key away, without a note.
func erase(_ key: [UInt8], in database: String, at path: String) throws {
  let store = Environment(path: path, access: .readWrite)
  try store.write { transaction throws(StoreError) in
    _ = try transaction.remove(key, in: database)
  }
}

extension RawSpan {
  /// Traps outside of the span.
  func byte(at index: Int) -> UInt8 {
    // A byte has neither padding nor alignment; the offset is checked.
    unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
