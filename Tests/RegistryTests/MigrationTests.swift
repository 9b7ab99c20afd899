import Foundation
import ModelGraph
import ModelRegistry
import TesseraWire
import Testing

/// `vectors/format-1/data.mdb`, written by the release that had this format: `tiny` versions 1, 2 (int8) and 3
/// (float32), promoted 1, 2, 3 and rolled back to 2, `canary` at 3; `other.eu` version 1, promoted.
@Suite("Migrating a registry of format 1")
struct MigrationTests {
  let folder = TemporaryFolder()
  private var path: String { folder / "registry" }

  private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func makeOld() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let vectors = Self.repository.appending(path: "Registry/vectors/format-1/data.mdb")
    try FileManager.default.copyItem(atPath: vectors.path, toPath: "\(path)/data.mdb")
  }

  private func file() throws -> Data { try Data(contentsOf: URL(filePath: "\(path)/data.mdb")) }

  @Test("Opening one says which command migrates it, and changes nothing")
  func opening() throws {
    try makeOld()
    let before = try file()
    for access in [Registry.Access.readOnly, .readWrite] {
      let error = #expect(throws: RegistryError.self) { try Registry(path: path, access: access) }
      #expect(error?.code == .unknownFormat)
      #expect(error?.message.contains("`tessera-registry migrate --registry \(path)`") == true)
    }
    #expect(try file() == before)
  }

  @Test(
    "Versions keep their numbers, aliases their histories, blobs their bytes, the trail goes on")
  func migrated() throws {
    try makeOld()
    let old = try file()
    let blobs = try content(of: path, databases: ["blobs"])
    let migration = try Registry.migrate(path: path, change: .test())
    #expect((migration.versions, migration.aliases) == (4, 3))
    #expect((migration.audit, migration.blobs) == (10, 7))
    #expect(try Data(contentsOf: URL(filePath: migration.kept)) == old)
    #expect(try content(of: path)["blobs"] == blobs["blobs"])

    let registry = try Registry(path: path, access: .readWrite)
    #expect(try registry.verify().problems.isEmpty)
    #expect(try registry.objects().map(\.name) == ["other.eu", "tiny"])
    let versions = try registry.versions(of: "tiny")
    #expect(versions.map(\.version) == [1, 2, 3])
    #expect(versions.map { $0.state.record?.note } == ["day 1", "day 2", nil])
    #expect(versions[0].state.record?.created == "2026-11-28T07:21:56.239Z")
    let tensors = try registry.load(model: "tiny", version: 3).tensors
    #expect(tensors[0].storage == .float32([1, 0.5]))
    let aliases = try registry.aliases(model: "tiny")
    #expect(aliases.map(\.alias) == ["canary", "production"])
    #expect(aliases.map(\.version) == [3, 2])
    #expect(aliases.map(\.history) == [[], [1]])
    let trail = try registry.auditTrail()
    #expect(trail.map(\.sequence) == Array(1...11))
    #expect(
      trail.map(\.action.description) == [
        "import", "import", "import", "import", "promote", "promote", "promote", "rollback",
        "promote", "promote", "migrate",
      ])
    #expect((trail[7].from?.description, trail[7].to?.description) == ("3", "2"))
    #expect((trail[7].who, trail[7].why) == ("deploy", "slow"))
    #expect((trail[1].object, trail[1].version) == ("tiny", 2))
    // It is a registry like any other: the same files are recognised, and rollback works.
    #expect(try registry.rollback(model: "tiny", change: .test()).words == "2 -> 1")
  }

  @Test("Migrating again, or what is no registry, is refused and changes nothing")
  func refused() throws {
    let none = #expect(throws: RegistryError.self) {
      try Registry.migrate(path: path, change: .test())
    }
    #expect(none?.code == .noRegistry)
    #expect(!FileManager.default.fileExists(atPath: path))
    try makeOld()
    _ = try Registry.migrate(path: path, change: .test())
    let before = try file()
    let again = #expect(throws: RegistryError.self) {
      try Registry.migrate(path: path, change: .test())
    }
    #expect(again?.code == .unknownFormat)
    #expect(try file() == before)
  }

  @Test("A manifest that is damaged stops the migration, and the old registry stays as it was")
  func damaged() throws {
    try makeOld()
    let manifests = try #require(try content(of: path, databases: ["manifests"])["manifests"])
    let (key, value) = try #require(manifests.first)
    try replace(key, in: "manifests", with: value + [0x20], at: path)
    let before = try file()
    let error = #expect(throws: RegistryError.self) {
      try Registry.migrate(path: path, change: .test())
    }
    #expect(error?.code == .damaged)
    #expect(try file() == before)
  }

  @Test(
    "Killed at each of its writes in turn, a migration has happened whole or not at all",
    .enabled(if: Command.canTrace, "needs strace, and leave to trace"))
  func killed() throws {
    var (old, new) = (0, 0)
    for call in Command.writingCalls + ["rename", "link", "fsync"] {
      for n in 1...32 {
        try? FileManager.default.removeItem(atPath: path)
        try makeOld()
        let run = try Command(killedAt: call, n, "--registry", path, "migrate").finish()
        do throws(RegistryError) {
          let problems = try Registry(path: path, access: .readOnly).verify().problems
          #expect(problems.isEmpty)
          new += 1
        } catch {
          #expect(error.code == .unknownFormat, "killed at \(call) \(n)")
          #expect(run.status != 0)
          old += 1
          #expect(try Command("--registry", path, "migrate").finish().status == 0)
        }
        if run.status == 0 { break }
      }
    }
    #expect(old >= 3 && new >= 4, "\(old) stayed old, \(new) became new")
  }

  @Test("recorded requests of the format before are brought to today's frames")
  func warmup() throws {
    let today = try [UInt8](
      Data(contentsOf: Self.repository.appending(path: "Registry/samples/lstm/warmup.frames")))
    // As the release before wrote them: without the two bytes of flags after the eighth of a body.
    let recorded = try RecordedRequests(decoding: today)
    var before: [UInt8] = []
    for (index, body) in recorded.bodies.enumerated() {
      let split = body.lowerBound + 8
      let bytes = today[body.lowerBound..<split] + today[split + 2..<body.upperBound]
      // Integers have no padding that `bytes` could expose.
      unsafe Frame.append(
        .score, requestID: UInt64(index), body: Array(bytes).span.bytes, to: &before)
    }
    #expect(before != today)
    #expect(try Format1.warmup(before, at: "test") == today)
    #expect(throws: RegistryError.self) { try Format1.warmup(Array(before.dropLast()), at: "test") }
  }
}
