import Foundation
import ModelRegistry
import Testing

@Suite("Processes that die, and processes side by side", .serialized)
struct CrashTests {
  let folder = TemporaryFolder()

  @Test("A promotion killed at any moment has happened or has not; the next command works")
  func killed() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    try Registry(path: path, access: .readWrite)
      .promote(model: "coupon", version: 1, change: .test())
    var numbers = SeededNumbers(11)
    var (unchanged, changed) = (0, 0)
    // The delay closes in on the commit from both sides, however slow the machine is.
    var delay = 20_000.0
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end && min(unchanged, changed) < 20 {
      let before = try state(path)
      let target: UInt32 = before.version == 1 ? 2 : 1
      let command = try Command("--registry", path, "promote", "coupon", "\(target)")
      usleep(UInt32(delay * Double.random(in: 0.7...1.3, using: &numbers)))
      command.kill()
      let after = try state(path)
      if after.version == before.version {
        #expect(after == before)
        unchanged += 1
        delay *= 1.2
      } else {
        // The alias, its history and the audit record came together.
        #expect(after.version == target)
        #expect(after.audit == before.audit + 1)
        #expect(after.lastTo == target)
        #expect(after.history.last == before.version)
        changed += 1
        delay /= 1.2
      }
    }
    #expect(try Registry(path: path, access: .readOnly).verify().problems.isEmpty)
    let final = try Command("--registry", path, "promote", "coupon", "2").finish()
    #expect(final.status == 0)
    #expect(unchanged > 0 && changed > 0, "\(unchanged) before, \(changed) after the commit")
  }

  private struct State: Equatable {
    var version: UInt32
    var history: [UInt32]
    var audit: Int
    var lastTo: UInt32?
  }

  private func state(_ path: String) throws -> State {
    let registry = try Registry(path: path, access: .readOnly)
    let alias = try #require(try registry.aliases().first)
    let trail = try registry.auditTrail()
    return State(
      version: alias.version, history: alias.history, audit: trail.count, lastTo: trail.last?.to)
  }

  @Test("A reader that stays open sees what another process promotes and imports")
  func otherProcess() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    let reader = try Registry(path: path, access: .readOnly)
    for version in ["1", "2"] {
      let before = try reader.generation()
      let run = try Command("--registry", path, "promote", "coupon", version).finish()
      #expect(run.status == 0)
      #expect(try reader.generation() == before + 1)
      #expect(try reader.aliases().first?.version == UInt32(version))
    }
  }

  @Test("A reader follows a map that another process has grown beyond its own")
  func grownElsewhere() throws {
    let path = folder / "registry"
    // The other process reserves more than this reader's map from the start, and fills it.
    let small = try Registry(path: path, access: .readWrite, mapBytesInitial: 1 << 20)
    let source = try SampleModel(seed: 1, width: 16_000).write(to: folder / "source")
    let run = try Command(
      "--registry", path, "import", source, "--precision", "float32"
    ).finish()
    #expect(run.status == 0)
    #expect(try small.load(model: "coupon", version: 1).tensors.count == 5)
    try small.promote(model: "coupon", version: 1, change: .test())
  }

  @Test("Many processes that change one registry at once lose nothing")
  func writers() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    let commands = try (0..<8).map { index in
      try Command(
        "--registry", path, "promote", "coupon", "\(index % 2 + 1)", "--alias", "alias-\(index)")
    }
    for command in commands { #expect(try command.finish().status == 0) }
    let registry = try Registry(path: path, access: .readOnly)
    #expect(try registry.aliases().map(\.alias) == (0..<8).map { "alias-\($0)" })
    #expect(try registry.auditTrail().map(\.sequence) == Array(1...10))
  }
}
