import Foundation
import ModelRegistry
import Testing

@Suite("No more is promoted than a server can hold")
struct LiveLimitTests {
  let folder = TemporaryFolder()
  private let most = RegistryLimits.liveVersionsMax

  /// A registry in which as many versions are live as may be, each of a model of its own.
  private func full() throws -> Registry {
    let registry = try Registry.sample(in: folder, versions: 2)
    for index in 1..<most {
      try registry.importModel(folder: folder / "source-1", name: "m\(index)", change: .test())
    }
    try registry.promote(
      [Promotion(model: "coupon", version: 1)]
        + (1..<most).map { Promotion(model: "m\($0)", version: 1) }, change: .test())
    return registry
  }

  @Test("One live version more than a server holds is refused, and nothing is written")
  func versions() throws {
    let registry = try full()
    let before = try content(of: registry.path)
    let error = #expect(throws: RegistryError.self) {
      try registry.promote(model: "coupon", version: 2, alias: "canary", change: .test())
    }
    #expect(error?.code == .limit)
    #expect(error?.message.contains("leaves \(most + 1) live versions") == true)
    #expect(error?.message.contains("at most \(most)") == true)
    #expect(try content(of: registry.path) == before)

    // As many as before: a new version of an alias that is there, a second alias of a live version.
    try registry.promote(model: "coupon", version: 2, change: .test())
    try registry.promote(model: "coupon", version: 2, alias: "canary", change: .test())
    // A rollback of one of two that share a version would add one.
    let rollback = #expect(throws: RegistryError.self) {
      try registry.rollback(model: "coupon", change: .test())
    }
    #expect(rollback?.code == .limit)
    try registry.remove(model: "coupon", alias: "canary", change: .test())
    try registry.rollback(model: "coupon", change: .test())
    try registry.remove(model: "m1", alias: "production", change: .test())
    try registry.promote(model: "coupon", version: 2, alias: "canary", change: .test())
  }

  @Test("One alias more than a server follows is refused; those that are there move on")
  func aliases() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    let wishes = (0..<RegistryLimits.aliasesMax).map {
      Promotion(model: "coupon", alias: "a\($0)", version: 1)
    }
    for start in stride(from: 0, to: wishes.count, by: RegistryLimits.movesMax) {
      try registry.promote(
        Array(wishes[start..<start + RegistryLimits.movesMax]), change: .test())
    }
    let error = #expect(throws: RegistryError.self) {
      try registry.promote(model: "coupon", version: 1, change: .test())
    }
    #expect(error?.code == .limit)
    #expect(error?.message.contains("\(RegistryLimits.aliasesMax + 1) aliases") == true)
    try registry.promote(model: "coupon", version: 2, alias: "a0", change: .test())
  }
}
