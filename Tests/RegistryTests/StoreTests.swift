import Foundation
import LMDBStore
import Testing

@Suite("Environments and transactions")
struct StoreTests {
  let folder = TemporaryFolder()
  private var path: String { folder / "store" }

  private func open(_ access: Environment.Access, mapBytes: Int = 1 << 20) throws(StoreError)
    -> Environment
  {
    try Environment(path: path, access: access, databases: ["a", "b"], mapBytesInitial: mapBytes)
  }

  private func put(_ value: [UInt8], _ key: String, in store: Environment) throws {
    try store.write { transaction throws(StoreError) in
      try transaction.put(value, for: Array(key.utf8), in: "a")
    }
  }

  private func value(_ key: String, in store: Environment) throws -> [UInt8]? {
    try store.read { transaction throws(StoreError) in
      try transaction.value(for: Array(key.utf8), in: "a")
    }
  }

  @Test("A folder that does not exist cannot be read, and reading does not make it")
  func missing() throws {
    let error = #expect(throws: StoreError.self) { try open(.readOnly) }
    #expect(error?.code == .system(ENOENT))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("What a transaction wrote is there afterwards, and its number has grown by one")
  func writes() throws {
    let store = try open(.readWrite)
    let before = try store.lastTransactionID()
    try put([1, 2, 3], "key", in: store)
    #expect(try value("key", in: store) == [1, 2, 3])
    #expect(try store.lastTransactionID() == before + 1)
    #expect(try value("other", in: store) == nil)
    #expect(try store.lastTransactionID() == before + 1)
  }

  @Test("A transaction whose closure throws has changed nothing")
  func aborts() throws {
    struct Stop: StoreFailure {
      var storeError: StoreError?
      init(store: StoreError) { storeError = store }
      init() {}
    }
    let store = try open(.readWrite)
    let before = try store.lastTransactionID()
    #expect(throws: Stop.self) {
      try store.write { transaction throws(Stop) in
        do throws(StoreError) {
          try transaction.put([1], for: [1], in: "a")
        } catch {
          throw Stop(store: error)
        }
        throw Stop()
      }
    }
    #expect(try value("\u{1}", in: store) == nil)
    #expect(try store.lastTransactionID() == before)
  }

  @Test("A full map grows by itself, as often as needed, and the transaction is whole")
  func grows() throws {
    let store = try open(.readWrite, mapBytes: 1 << 20)
    let large = [UInt8](repeating: 7, count: 3 << 20)
    var runs = 0
    try store.write { transaction throws(StoreError) in
      runs += 1
      for key in UInt8(1)...5 { try transaction.put(large, for: [key], in: "a") }
    }
    #expect(runs == 5)  // 1, 2, 4 and 8 MiB are too small for 15.
    #expect(try store.mapBytes() == 16 << 20)
    for key in UInt8(1)...5 {
      #expect(try store.read { t throws(StoreError) in try t.value(for: [key], in: "a") } == large)
    }
  }

  @Test("Keys are walked in order within a prefix, and the last one is found")
  func order() throws {
    let store = try open(.readWrite)
    let keys: [[UInt8]] = [[1, 0], [1, 1], [1, 0xFF], [2], [0xFF], [0xFF, 0xFF]]
    try store.write { transaction throws(StoreError) in
      for key in keys.shuffled() { try transaction.put([9], for: key, in: "b") }
    }
    try store.read { transaction throws(StoreError) in
      for prefix: [UInt8] in [[], [1], [2], [3], [0xFF], [0xFF, 0xFF], [0]] {
        var found: [[UInt8]] = []
        try transaction.forEach(in: "b", prefix: prefix) { key, _ in
          found.append((0..<key.byteCount).map { key.byte(at: $0) })
          return true
        }
        let expected = keys.filter { $0.starts(with: prefix) }
        #expect(found == expected, "prefix \(prefix)")
        #expect(try transaction.lastKey(in: "b", prefix: prefix) == expected.last)
      }
      #expect(try transaction.lastKey(in: "a") == nil)
    }
  }

  @Test("One folder opened twice is one environment, which the read-only face cannot change")
  func sharing() throws {
    let writer = try open(.readWrite)
    let link = folder / "link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let reader = try Environment(path: link, access: .readOnly, databases: ["a", "b"])
    try put([5], "key", in: writer)
    #expect(try value("key", in: reader) == [5])
    let error = #expect(throws: StoreError.self) { try put([6], "key", in: reader) }
    #expect(error?.code == .readOnly)
  }

  @Test(
    "A folder that was removed and made again is another environment, even while the old is open")
  func replacedFolder() throws {
    let old = try open(.readWrite)
    try put([1], "key", in: old)
    try FileManager.default.removeItem(atPath: path)
    let new = try open(.readWrite)
    #expect(try value("key", in: new) == nil)
    #expect(try value("key", in: old) == [1])
  }

  @Test("An environment opened for reading becomes writable when the folder is opened for writing")
  func upgrade() throws {
    try put([1], "key", in: try open(.readWrite))
    let reader = try open(.readOnly)
    #expect(try value("key", in: reader) == [1])
    let writer = try open(.readWrite)
    try put([2], "key", in: writer)
    #expect(try value("key", in: reader) == [2])
  }

  @Test("A data file that was cut short is refused before a page of it is touched")
  func truncated() throws {
    try put([UInt8](repeating: 1, count: 1 << 19), "key", in: try open(.readWrite))
    let file = try FileHandle(forWritingTo: URL(filePath: "\(path)/data.mdb"))
    try file.truncate(atOffset: 64 << 10)
    try file.close()
    let error = #expect(throws: StoreError.self) { try open(.readOnly) }
    #expect(error?.code == .truncated)
  }

  @Test("A file that is not of LMDB is refused as such")
  func invalid() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data(repeating: 0x41, count: 1 << 16).write(to: URL(filePath: "\(path)/data.mdb"))
    let error = #expect(throws: StoreError.self) { try open(.readOnly) }
    #expect(error?.code == .invalid)
  }

  @Test("A database that is missing in a used environment is damage, and is not made anew")
  func missingDatabase() throws {
    let path = folder / "used"
    do {
      let store = try Environment(path: path, access: .readWrite, databases: ["one"])
      try store.write { transaction throws(StoreError) in
        try transaction.put([1], for: [1], in: "one")
      }
    }
    for access in [Environment.Access.readOnly, .readWrite] {
      let error = #expect(throws: StoreError.self) {
        try Environment(path: path, access: access, databases: ["one", "two"])
      }
      #expect(error?.code == .corrupted)
    }
    #expect(
      try Environment(path: path, access: .readOnly, databases: ["one"]).lastTransactionID() == 2)
  }

  @Test("Keys and values of impossible sizes are refused")
  func sizes() throws {
    let store = try open(.readWrite)
    for key in [[], [UInt8](repeating: 1, count: StoreLimits.keyBytesMax + 1)] {
      let error = #expect(throws: StoreError.self) {
        try store.write { t throws(StoreError) in try t.put([1], for: key, in: "a") }
      }
      #expect(error?.code == .badValueSize)
    }
  }

  @Test("Readers go on while a writer writes and the map grows, and see whole states only")
  func concurrency() async throws {
    let store = try open(.readWrite, mapBytes: 1 << 20)
    let rounds = 60
    try put([0], "a", in: store)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for round in 1...rounds {
          try store.write { transaction throws(StoreError) in
            // Both keys carry the round; the value makes the map grow several times.
            let value = [UInt8](repeating: UInt8(round), count: round * 4096)
            try transaction.put(value, for: Array("a".utf8), in: "a")
            try transaction.put(value, for: Array("b".utf8), in: "b")
          }
        }
      }
      for _ in 0..<3 {
        group.addTask {
          var seen: UInt8 = 0
          while seen < UInt8(rounds) {
            try store.read { transaction throws(StoreError) in
              let first = try transaction.value(for: Array("a".utf8), in: "a")
              let second = try transaction.value(for: Array("b".utf8), in: "b")
              #expect(second == nil || first == second)
              #expect((first?.last ?? 0) >= seen)
              seen = first?.last ?? 0
            }
            await Task.yield()
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
