import Foundation
import LMDBStore
import ModelRegistry
import Testing

@Suite("Promoting and rolling back")
struct AliasTests {
  let folder = TemporaryFolder()

  private func live(_ registry: Registry, _ alias: String = "production") throws -> UInt32? {
    try registry.aliases().first { $0.alias == alias }?.version
  }

  @Test("Promotion makes the alias, moves it, and each change has one audit record")
  func promote() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    let first = try registry.promote(model: "coupon", version: 1, change: .test())
    #expect(first.words == "none -> 1")
    let second = try registry.promote(model: "coupon", version: 2, change: .test(why: "auc"))
    #expect(second.words == "1 -> 2")
    let alias = try #require(try registry.aliases().first)
    #expect(
      alias.state.record?.target.single?.manifest
        == (try registry.manifest(model: "coupon", version: 2).digest))
    let trail = try registry.auditTrail(model: "coupon")
    #expect(trail.map(\.sequence) == [1, 2, 3, 4])
    #expect(trail.map(\.action) == [.importVersion, .importVersion, .promote, .promote])
    let last = try #require(trail.last)
    #expect(last.who == "deploy@trainer")
    #expect((last.from?.description, last.to?.description) == ("1", "2"))
    #expect((last.alias, last.why) == ("production", "auc"))
    #expect(last.when == "2026-03-01T09:50:00.000Z")
  }

  @Test("A change is one transaction, its audit record with it")
  func oneTransaction() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    for step in 1...2 {
      let before = try registry.generation().transaction
      try registry.promote(model: "coupon", version: UInt32(step), change: .test())
      #expect(try registry.generation().transaction == before + 1)
    }
    let before = try registry.generation().transaction
    try registry.rollback(model: "coupon", change: .test())
    #expect(try registry.generation().transaction == before + 1)
  }

  @Test("Promoting the version that is live changes nothing and is no error")
  func same() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    try registry.promote(model: "coupon", version: 1, change: .test())
    let before = try content(of: registry.path)
    let move = try registry.promote(model: "coupon", version: 1, change: .test())
    #expect(move.words == "1 -> 1, unchanged")
    #expect(try content(of: registry.path) == before)
  }

  @Test("Rollback returns through the promotions one by one, then says that none is left")
  func rollback() throws {
    let registry = try Registry.sample(in: folder, versions: 3)
    for version in UInt32(1)...3 {
      try registry.promote(model: "coupon", version: version, change: .test())
    }
    #expect(try registry.rollback(model: "coupon", change: .test()).words == "3 -> 2")
    #expect(try registry.rollback(model: "coupon", change: .test()).words == "2 -> 1")
    let before = try content(of: registry.path)
    let error = #expect(throws: RegistryError.self) {
      try registry.rollback(model: "coupon", change: .test())
    }
    #expect(error?.code == .nothingToRollBackTo)
    #expect(error?.description.contains("version 1") == true)
    #expect(try content(of: registry.path) == before)
  }

  @Test("After a rollback a promotion starts from where the alias then points")
  func rollbackThenPromote() throws {
    let registry = try Registry.sample(in: folder, versions: 3)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test())
    try registry.rollback(model: "coupon", change: .test())
    try registry.promote(model: "coupon", version: 3, change: .test())
    #expect(try registry.rollback(model: "coupon", change: .test()).words == "3 -> 1")
  }

  @Test("An alias remembers as many promotions as its limit, the latest ones")
  func history() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    let promotions = RegistryLimits.aliasHistoryMax + 5
    for step in 0..<promotions {
      try registry.promote(model: "coupon", version: UInt32(step % 2 + 1), change: .test())
    }
    #expect(try registry.aliases().first?.history.count == RegistryLimits.aliasHistoryMax)
    for _ in 0..<RegistryLimits.aliasHistoryMax {
      try registry.rollback(model: "coupon", change: .test())
    }
    #expect(throws: RegistryError.self) { try registry.rollback(model: "coupon", change: .test()) }
  }

  @Test("Aliases of a model move on their own")
  func several() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, alias: "canary", change: .test())
    #expect(try live(registry) == 1)
    #expect(try live(registry, "canary") == 2)
  }

  @Test("What does not exist is named: model, version with the range there is, alias")
  func unknown() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    func code(_ body: () throws -> Void) -> RegistryError.Code? {
      do { try body() } catch { return (error as? RegistryError)?.code }
      return nil
    }
    #expect(code { try registry.promote(model: "x", version: 1, change: .test()) } == .unknownModel)
    #expect(
      code { try registry.promote(model: "coupon", version: 3, change: .test()) }
        == .unknownVersion)
    #expect(
      code { try registry.promote(model: "coupon", version: 0, change: .test()) }
        == .unknownVersion)
    #expect(code { try registry.rollback(model: "coupon", change: .test()) } == .unknownAlias)
    #expect(code { try registry.rollback(model: "x", change: .test()) } == .unknownModel)
    #expect(
      code { try registry.promote(model: "coupon", version: 1, alias: "1st", change: .test()) }
        == .badName)
    let error = #expect(throws: RegistryError.self) {
      try registry.load(model: "coupon", version: 7)
    }
    #expect(error?.message.contains("1 to 2") == true)
  }

  @Test("Names are 1 to 64 letters, digits, dots, underscores, hyphens, and begin with a letter")
  func names() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    for name in ["a", "A.b_c-9", String(repeating: "n", count: 64)] {
      try registry.promote(model: "coupon", version: 1, alias: name, change: .test())
    }
    for name in ["", "9a", ".a", "a b", "ä", "a/b", "a\0b", String(repeating: "n", count: 65)] {
      let error = #expect(throws: RegistryError.self) {
        try registry.promote(model: "coupon", version: 1, alias: name, change: .test())
      }
      #expect(error?.code == .badName)
    }
  }

  @Test("A reader sees another generation after each change, and the alias where it then points")
  func generation() throws {
    let writer = try Registry.sample(in: folder, versions: 2)
    let reader = try Registry(path: writer.path, access: .readOnly)
    var seen = try reader.generation()
    for version: UInt32 in [1, 2, 1] {
      try writer.promote(model: "coupon", version: version, change: .test())
      let now = try reader.generation()
      #expect(now != seen)
      seen = now
      #expect(try live(reader) == version)
    }
    #expect(try reader.generation() == seen)
  }

  @Test("Another format is refused, and so is a folder without a registry")
  func formats() throws {
    let path = try Registry.sample(in: folder, versions: 1).path
    try replace(Array("format".utf8), in: "meta", with: Array("3".utf8), at: path)
    let newer = #expect(throws: RegistryError.self) { try Registry(path: path, access: .readWrite) }
    #expect(newer?.code == .unknownFormat)
    let none = #expect(throws: RegistryError.self) {
      try Registry(path: folder / "nowhere", access: .readOnly)
    }
    #expect(none?.code == .noRegistry)
  }
}
