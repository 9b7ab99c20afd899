// The migrator on a registry of format 1 with any content: afterwards there is a registry that can be read from end to end,
// or all is as it was before.
//
// Input: a program that writes the old registry. In what it writes, a byte below 8 stands for the digest of one of the
// objects before, for digests that fit are not found by chance; such bytes do not stand in JSON.

import Foundation
@testable import ModelRegistry
import LMDBStore

func testMigration(_ bytes: [UInt8]) {
  let path = NSTemporaryDirectory() + "/fuzz-\(getpid())"
  try? FileManager.default.removeItem(atPath: path)
  defer { try? FileManager.default.removeItem(atPath: path) }
  do {
    try writeOld(FuzzedInput(bytes), to: Environment(path: path, access: .readWrite))
  } catch {
    // A key that LMDB does not take, or a file system that is full.
    return
  }
  let before = content(path)
  do {
    let migration = try Registry.migrate(path: path, change: change)
    let registry = try Registry(path: path, access: .readOnly)
    let report = try registry.verify()
    expect(report.versions == migration.versions, "\(report.versions) of \(migration.versions)")
    expect(try registry.aliasesNow().aliases.allSatisfy { $0.state.record != nil }, "a bad alias")
    expect(try registry.auditTrail().count == migration.audit + 1, "another trail")
  } catch {
    expect(!FileManager.default.fileExists(atPath: "\(path)/data.format-1.mdb"), "\(error)")
    expect(content(path) == before, "the old registry has changed: \(error)")
  }
}

private let change = Change(who: "fuzz", now: Date(timeIntervalSince1970: 0))

private func content(_ path: String) -> Data? {
  FileManager.default.contents(atPath: "\(path)/data.mdb")
}

private func writeOld(_ program: FuzzedInput, to environment: Environment) throws(StoreError) {
  try environment.write { transaction throws(StoreError) in
    for table in Table.allCases where table != .unused {
      try transaction.create(database: table.rawValue)
    }
    try transaction.put(Array("1".utf8), for: Key.format, in: Table.meta.rawValue)
    var input = program
    var digests: [Digest] = []
    /// A value, with the digests that it means.
    func value() -> [UInt8] {
      input.block().flatMap { byte -> [UInt8] in
        guard byte < 8, Int(byte) < digests.count else { return [byte] }
        return Array(digests[digests.count - 1 - Int(byte)].description.utf8)
      }
    }
    while !input.isEmpty {
      let table = input.choice(of: [Table.blobs, .manifests, .versions, .aliases, .audit])
      switch table {
      case .blobs, .manifests:
        let bytes = table == .blobs ? ZstdFrame.compress(value()) : value()
        digests.append(Digest(of: bytes))
        try transaction.put(bytes, for: Digest(of: bytes).bytes, in: table.rawValue)
      case .versions, .aliases, .audit:
        let key = input.take(Int(input.byte() % 32))
        try transaction.put(value(), for: key, in: table.rawValue)
      case .meta, .unused: break
      }
    }
  }
}
