import Foundation
import LMDBStore
import ModelRegistry
import Synchronization
import Testing

@Suite("The lock of a folder")
struct LockTests {
  let folder = TemporaryFolder()

  private func store(_ access: Environment.Access = .readWrite) -> Environment {
    Environment(path: folder / "store", access: access)
  }

  private func put(_ value: UInt8) throws {
    try store().write { transaction throws(StoreError) in
      try transaction.create(database: "a")
      try transaction.put([value], for: [1], in: "a")
    }
  }

  private func value(in transaction: borrowing ReadTransaction) throws(StoreError) -> UInt8? {
    try transaction.value(for: [1], in: "a")?.first
  }

  /// Waits until the kernel lists such a lock, held or waited for, of the folder's door.
  private func awaitDoor(_ words: String...) throws {
    let path = "\(folder / "store")/lock"
    let inode = try #require(
      try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
    for _ in 0..<20_000 {
      let locks = try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n")
      // OFD locks from byte 0 to byte 0.
      if locks.contains(where: { line in
        words.allSatisfy { line.contains($0) } && line.hasSuffix(":\(inode) 0 0")
      }) {
        return
      }
      usleep(1_000)
    }
    Issue.record("no lock of the door with \(words)")
  }

  @Test("A writer waits for those that read, and goes before those that come after it")
  func fairness() throws {
    try put(1)
    // first reader │ writer │ second reader
    // reads 1      │        │
    //              │ waits  │
    //              │        │ waits
    // reads 1, ends│        │
    //              │ puts 2 │
    //              │        │ reads 2
    let late = Mutex<UInt8?>(nil)
    let ended = DispatchSemaphore(value: 0)
    try store(.readOnly).read { transaction throws(StoreError) in
      #expect(try value(in: transaction) == 1)
      Thread.detachNewThread {
        do { try self.put(2) } catch { Issue.record(error) }
        ended.signal()
      }
      do { try awaitDoor("WRITE") } catch { Issue.record(error) }
      Thread.detachNewThread {
        do throws(StoreError) {
          let seen = try self.store(.readOnly).read { transaction throws(StoreError) in
            try self.value(in: transaction)
          }
          late.withLock { $0 = seen }
        } catch {
          Issue.record(error)
        }
        ended.signal()
      }
      do { try awaitDoor("-> ", "READ") } catch { Issue.record(error) }
      #expect(late.withLock { $0 } == nil)
      #expect(try value(in: transaction) == 1)
    }
    for _ in 1...2 { ended.wait() }
    #expect(late.withLock { $0 } == 2)
  }

  @Test("Readers read side by side, through one value or several")
  func readers() throws {
    try put(1)
    let (one, other) = (store(.readOnly), store(.readOnly))
    try one.read { transaction throws(StoreError) in
      #expect(try value(in: transaction) == 1)
      try other.read { transaction throws(StoreError) in
        #expect(try value(in: transaction) == 1)
      }
    }
  }

  @Test("A folder that was copied without its lock file can be used")
  func missingLock() throws {
    try put(1)
    try FileManager.default.removeItem(atPath: "\(folder / "store")/lock")
    try put(2)
    let read = try store(.readOnly).read { transaction throws(StoreError) in
      try value(in: transaction)
    }
    #expect(read == 2)
  }

  /// Whether this machine has unshare and lets it make namespaces.
  static let canUnshare: Bool = {
    guard FileManager.default.isExecutableFile(atPath: Command.unshare) else { return false }
    return (try? Command(alone: "/bin/true").finish().status) == 0
  }()

  @Test(
    "Processes that are all number 1, each in a namespace of its own, lose nothing of each other",
    .enabled(if: canUnshare, "needs unshare, and leave to make namespaces"))
  func namespaces() throws {
    let path = try Registry.sample(in: folder, versions: 2).path
    let commands = try (0..<8).map { index in
      try Command(
        alone: Command.path, "--registry", path, "promote", "coupon", "\(index % 2 + 1)",
        "--alias", "alias-\(index)")
    }
    let lists = try (0..<4).map { _ in try Command(alone: Command.path, "--registry", path, "list")
    }
    for command in commands {
      let (status, _, errors) = try command.finish()
      #expect((status, errors) == (0, ""))
    }
    for list in lists { #expect(try list.finish().status == 0) }
    let registry = try Registry(path: path, access: .readOnly)
    #expect(try registry.aliases().map(\.alias) == (0..<8).map { "alias-\($0)" })
    #expect(try registry.auditTrail().map(\.sequence) == Array(1...10))
  }
}
