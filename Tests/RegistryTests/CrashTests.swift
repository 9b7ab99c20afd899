import Foundation
import LMDBStore
import ModelRegistry
import Testing
import SeededRandom

@Suite("Processes that die, and processes side by side", .serialized)
struct CrashTests {
  let folder = TemporaryFolder()

  @Test("A promotion killed at any moment has happened or has not; the next command works")
  func killed() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    try Registry(path: path, access: .readWrite)
      .promote(model: "coupon", version: 1, change: .test())
    var numbers = SeededGenerator(seed: 11)
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

  @Test(
    "Killed at each of its writes in turn, a promotion has happened whole or not at all",
    .enabled(if: Command.canTrace, "needs strace, and leave to trace"))
  func killedAtEachWrite() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    let registry = try Registry(path: path, access: .readWrite)
    try registry.promote(model: "coupon", version: 1, change: .test())
    var (unchanged, changed) = (0, 0)
    for call in Command.writingCalls {
      for n in 1...32 {
        let before = try state(path)
        let run = try Command(killedAt: call, n, "--registry", path, "promote", "coupon", "2")
          .finish()
        let after = try state(path)
        if after.version == 2 {
          #expect(after.audit == before.audit + 1)
          changed += 1
          try registry.rollback(model: "coupon", change: .test())
        } else {
          #expect(after == before, "killed at \(call) \(n)")
          #expect(run.status != 0)
          unchanged += 1
        }
        if run.status == 0 { break }
      }
    }
    #expect(try registry.verify().problems.isEmpty)
    // The pages, their sync, the meta page; and the run that none of the calls was left to kill.
    #expect(unchanged >= 3 && changed >= Command.writingCalls.count)
  }

  @Test(
    "Killed at each of its writes in turn, an import leaves all of a version or none",
    .enabled(if: Command.canTrace, "needs strace, and leave to trace"))
  func killedImports() throws {
    let path = try Registry.sample(in: folder, versions: 1).path
    let registry = try Registry(path: path, access: .readOnly)
    var (versions, kills) = (1, 0)
    for call in Command.writingCalls {
      for n in 1...32 {
        let source = try SampleModel(seed: UInt64(100 + versions)).write(to: folder / "source")
        let run = try Command(killedAt: call, n, "--registry", path, "import", source).finish()
        let report = try registry.verify()
        #expect(report.problems.isEmpty && report.unused == 0, "killed at \(call) \(n)")
        if run.status != 0 { kills += 1 }
        let count = try registry.versions(of: "coupon").count
        #expect(count == versions || count == versions + 1)
        #expect(count == versions + 1 || run.status != 0)
        versions = count
        if run.status == 0 { break }
      }
    }
    #expect(kills >= 3)
    #expect(try registry.auditTrail().count == versions)
  }

  private struct State: Equatable {
    var version: UInt32?
    var history: [UInt32?]
    var audit: Int
    var lastTo: UInt32?
  }

  private func state(_ path: String) throws -> State {
    let registry = try Registry(path: path, access: .readOnly)
    let alias = try #require(try registry.aliases().first)
    let trail = try registry.auditTrail()
    return State(
      version: alias.version, history: alias.history, audit: trail.count,
      lastTo: trail.last?.to?.single?.version)
  }

  @Test("A reader that stays open sees what another process promotes and imports")
  func otherProcess() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    let reader = try Registry(path: path, access: .readOnly)
    for version in ["1", "2"] {
      let before = try reader.generation().transaction
      let run = try Command("--registry", path, "promote", "coupon", version).finish()
      #expect(run.status == 0)
      #expect(try reader.generation().transaction == before + 1)
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
