import Foundation
import ModelRegistry
import Testing

@Suite("Removing, reclaiming, copying")
struct RemovalTests {
  let folder = TemporaryFolder()

  private func at(hours: Double) -> Change {
    Change(
      who: "deploy@trainer",
      now: Date(timeIntervalSince1970: 1_772_358_600 + hours * 3_600))
  }

  private func code(_ body: () throws -> Void) -> RegistryError.Code? {
    do { try body() } catch { return (error as? RegistryError)?.code }
    return nil
  }

  private let nothing = Reclaimed(removed: 0, removedBytes: 0, waiting: 0)

  @Test("An alias that was removed is gone, its versions are not, and promotion makes it anew")
  func aliases() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test())
    #expect(
      try registry.remove(model: "coupon", alias: "production", change: .test())?.description == "2"
    )
    #expect(try registry.aliases().isEmpty)
    // Whoever follows can tell that it was meant.
    let entry = try #require(try registry.aliasesNow().aliases.first)
    #expect(entry.state == .removed("2026-03-01T09:50:00.000Z"))
    #expect(code { try registry.rollback(model: "coupon", change: .test()) } == .unknownAlias)
    #expect(
      code { try registry.remove(model: "coupon", alias: "production", change: .test()) }
        == .unknownAlias)
    #expect(try registry.promote(model: "coupon", version: 1, change: .test()).words == "none -> 1")
    #expect(try registry.aliases().first?.history == [])
    #expect(try registry.auditTrail().map(\.action.description).suffix(2) == ["remove", "promote"])
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test("A version that an alias needs stays, one that only a rollback needs goes when told so")
  func versions() throws {
    let registry = try Registry.sample(in: folder, versions: 3)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test())
    let before = try content(of: registry.path)
    #expect(code { try registry.remove(model: "coupon", version: 2, change: .test()) } == .inUse)
    #expect(
      code {
        try registry.remove(model: "coupon", version: 2, forgettingHistory: true, change: .test())
      } == .inUse)
    #expect(code { try registry.remove(model: "coupon", version: 1, change: .test()) } == .inUse)
    #expect(
      code { try registry.remove(model: "coupon", version: 9, change: .test()) } == .unknownVersion)
    #expect(try content(of: registry.path) == before)
    try registry.remove(model: "coupon", version: 1, forgettingHistory: true, change: .test())
    try registry.remove(model: "coupon", version: 3, change: .test())
    #expect(try registry.versions(of: "coupon").map(\.version) == [2])
    #expect(try registry.aliases().first?.history == [])
    #expect(code { _ = try registry.load(model: "coupon", version: 3) } == .unknownVersion)
    // The number is not given out again, not even to the same files.
    let again = try registry.importModel(folder: folder / "source-3", change: .test())
    #expect((again.version, again.isNew) == (4, true))
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test("What nothing needs is reclaimed after its grace period, and kept when it is needed again")
  func reclaiming() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 2, change: .test())
    #expect(try registry.gc(change: at(hours: 0)) == nothing)
    try registry.remove(model: "coupon", version: 1, change: at(hours: 1))
    let early = try registry.gc(change: at(hours: 24.9))
    #expect(early.removed == 0 && early.waiting > 3)
    #expect(try registry.verify().unused == early.waiting)
    let blobs = try content(of: registry.path)["blobs"]?.count ?? 0
    let late = try registry.gc(change: at(hours: 25))
    #expect((late.removed, late.waiting) == (early.waiting, 0))
    // Its manifest is one of them.
    #expect(try content(of: registry.path)["blobs"]?.count == blobs - late.removed + 1)
    #expect(try content(of: registry.path)["unused"] == nil)
    #expect(try registry.load(model: "coupon", version: 2).tensors.count == 5)
    #expect(try registry.verify().problems.isEmpty && registry.verify().unused == 0)
    #expect(try registry.auditTrail().last?.action == .gc)

    try registry.importModel(folder: folder / "source-1", change: at(hours: 30))
    try registry.remove(model: "coupon", version: 3, change: at(hours: 31))
    try registry.importModel(folder: folder / "source-1", change: at(hours: 40))
    #expect(try registry.gc(change: at(hours: 100)) == nothing)
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test(
    "A registry is found sound, and is listed, while others import, promote, remove and reclaim")
  func besideChanges() async throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 2, change: .test())
    async let changes: Void = {
      for _ in 0..<40 {
        let added = try registry.importModel(folder: folder / "source-1", change: .test())
        try registry.promote(
          model: "coupon", version: added.version, alias: "canary", change: .test())
        try registry.remove(model: "coupon", alias: "canary", change: .test())
        try registry.remove(model: "coupon", version: added.version, change: .test())
        _ = try registry.gc(graceSeconds: 0, change: .test())
      }
    }()
    let listed = Task.detached {
      for _ in 0..<10 {
        let run = try Command(["--registry", registry.path, "list"]).finish()
        #expect(run.status == 0, "\(run.errors)")
      }
    }
    for _ in 0..<40 {
      let problems = try registry.verify().problems
      #expect(problems.isEmpty, "\(problems)")
    }
    try await listed.value
    try await changes
  }

  @Test("Nothing is reclaimed while a damaged record or manifest hides what is needed")
  func damagedNeeds() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    let digest = try registry.manifest(model: "coupon", version: 1).digest
    let good = try content(of: registry.path)
    let record = Array("model\0coupon\0".utf8) + [0, 0, 0, 1]
    for (name, key, before) in [
      ("versions", record, #""manifest":"sha256:"#), ("manifests", digest.bytes, "sha256:"),
    ] {
      var damaged = try #require(good[name]?[key])
      // A digit of a digest.
      let text = String(decoding: damaged, as: UTF8.self)
      let place = try #require(text.firstRange(of: before)).upperBound
      let index = text.utf8.distance(from: text.startIndex, to: place)
      damaged[index] = damaged[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
      try replace(key, in: name, with: damaged, at: registry.path)
      let stored = try content(of: registry.path)
      #expect(code { _ = try registry.gc(graceSeconds: 0, change: .test()) } == .damaged)
      #expect(try content(of: registry.path) == stored)
      try replace(key, in: name, with: good[name]?[key] ?? [], at: registry.path)
    }
    #expect(try registry.gc(graceSeconds: 0, change: .test()) == nothing)
  }

  @Test("Several aliases move in one transaction or not at all, each with its audit record")
  func several() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.importModel(folder: folder / "source-1", name: "other", change: .test())
    let before = try registry.auditTrail().count
    let moves = try registry.promote(
      [
        Promotion(model: "coupon", version: 1), Promotion(model: "other", version: 1),
        Promotion(model: "coupon", alias: "canary", version: 2),
      ], change: .test())
    #expect(moves.map(\.words) == ["none -> 1", "none -> 1", "none -> 2"])
    #expect(try registry.auditTrail().count == before + 3)
    let content = try content(of: registry.path)
    let refused = #expect(throws: RegistryError.self) {
      try registry.promote(
        [Promotion(model: "coupon", version: 2), Promotion(model: "other", version: 7)],
        change: .test())
    }
    #expect(refused?.code == .unknownVersion)
    #expect(try RegistryTests.content(of: registry.path) == content)
    let run = try Command(
      "--registry", registry.path, "promote", "coupon@production=2", "other@canary=1"
    ).finish()
    #expect(run.status == 0)
    #expect(
      run.output == """
        production of coupon now points to version 2 (was version 1)
        canary of other now points to version 1 (new alias)

        """)
    #expect(
      try Command("--registry", registry.path, "promote", "coupon=2", "x").finish().status == 64)
  }

  @Test("The file shrinks, a reader that had it open goes on, and a backup takes its place again")
  func copies() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let reader = try Registry(path: registry.path, access: .readOnly)
    let large = try SampleModel(seed: 5, width: 16_000).write(to: folder / "large")
    try registry.importModel(folder: large, name: "large", change: .test())
    try registry.backup(to: folder / "backup")
    try registry.remove(model: "large", version: 1, change: .test())
    let file = URL(filePath: "\(registry.path)/data.mdb")
    let before = try Data(contentsOf: file).count
    #expect(try registry.gc(graceSeconds: 0, change: .test()).removed > 0)
    try registry.compact()
    #expect(try Data(contentsOf: file).count < before / 2)
    #expect(try reader.load(model: "coupon", version: 1).tensors.count == 5)
    let generation = try reader.generation()

    let again = try Command("--registry", registry.path, "backup", folder / "backup").finish()
    #expect(again.status == 1)
    try Registry.restore(folder / "backup", to: registry.path)
    #expect(try reader.generation() != generation)
    #expect(try reader.load(model: "large", version: 1).version == 1)
    // A registry that is no file of the store any more is replaced as well.
    try Data("nonsense".utf8).write(to: file)
    #expect(try Command("--registry", registry.path, "list").finish().status == 1)
    let restore = try Command("--registry", registry.path, "restore", folder / "backup").finish()
    #expect(restore.status == 0)
    #expect(try Registry(path: registry.path, access: .readOnly).verify().problems.isEmpty)
  }

  @Test("A backup that is damaged is not restored")
  func damagedBackup() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    try registry.backup(to: folder / "backup")
    let blob = try registry.manifest(model: "coupon", version: 1).manifest.tensors[0].blob
    try replace(blob.digest.bytes, in: "blobs", with: [1, 2, 3], at: folder / "backup")
    let before = try registry.generation()
    let error = #expect(throws: RegistryError.self) {
      try Registry.restore(folder / "backup", to: registry.path)
    }
    #expect(error?.code == .damaged)
    #expect(try registry.generation() == before)
  }
}
