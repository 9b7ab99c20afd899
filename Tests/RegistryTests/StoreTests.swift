import Foundation
import LMDBStore
import Testing

@Suite("Environments and transactions")
struct StoreTests {
  let folder = TemporaryFolder()
  private var path: String { folder / "store" }

  /// The environment, with its two databases when it may be changed.
  private func open(
    _ access: Environment.Access, mapBytes: Int = 1 << 20
  ) throws(StoreError) -> Environment {
    let store = Environment(path: path, access: access, mapBytesInitial: mapBytes)
    if access == .readWrite {
      try store.write { transaction throws(StoreError) in
        for name in ["a", "b"] { try transaction.create(database: name) }
      }
    } else {
      _ = try store.generation()
    }
    return store
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
    #expect(error?.code == .missing)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("What a transaction wrote is there afterwards, and its number has grown by one")
  func writes() throws {
    let store = try open(.readWrite)
    let before = try store.generation().transaction
    try put([1, 2, 3], "key", in: store)
    #expect(try value("key", in: store) == [1, 2, 3])
    #expect(try store.generation().transaction == before + 1)
    #expect(try value("other", in: store) == nil)
    #expect(try store.generation().transaction == before + 1)
  }

  @Test("A transaction whose closure throws has changed nothing")
  func aborts() throws {
    struct Stop: StoreFailure {
      var storeError: StoreError?
      init(store: StoreError) { storeError = store }
      init() {}
    }
    let store = try open(.readWrite)
    let before = try store.generation().transaction
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
    #expect(try store.generation().transaction == before)
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

  @Test("A folder opened twice, also through a link, is one folder")
  func sharing() throws {
    let writer = try open(.readWrite)
    let link = folder / "link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let reader = Environment(path: link, access: .readOnly)
    try put([5], "key", in: writer)
    #expect(try value("key", in: reader) == [5])
    try put([6], "key", in: writer)
    #expect(try value("key", in: reader) == [6])
    let error = #expect(throws: StoreError.self) { try put([7], "key", in: reader) }
    #expect(error?.code == .readOnly)
  }

  @Test("A folder that was removed and made again is used by whoever had the old one open")
  func replacedFolder() throws {
    let old = try open(.readWrite)
    try put([1], "key", in: old)
    let before = try old.generation()
    try FileManager.default.removeItem(atPath: path)
    let error = #expect(throws: StoreError.self) { try value("key", in: try open(.readOnly)) }
    #expect(error?.code == .missing)
    let new = try open(.readWrite)
    try put([2], "key", in: new)
    #expect(try value("key", in: old) == [2])
    #expect(try old.generation() != before)
    try put([3], "key", in: old)
    #expect(try value("key", in: new) == [3])
  }

  @Test("A link that is pointed to another folder is followed, for reading and for writing")
  func swappedLink() throws {
    let store = try open(.readWrite)
    try put([1], "key", in: store)
    try FileManager.default.copyItem(atPath: path, toPath: folder / "other")
    let link = folder / "link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let linked = Environment(path: link, access: .readWrite)
    try put([2], "key", in: linked)
    try FileManager.default.createSymbolicLink(
      atPath: folder / "next", withDestinationPath: folder / "other")
    // Replaced in one step, as deployments do.
    // The paths are read only during the call.
    let renamed = unsafe rename(folder / "next", link)
    #expect(renamed == 0)
    #expect(try value("key", in: linked) == [1])
    try put([3], "key", in: linked)
    #expect(try value("key", in: store) == [2])
  }

  @Test("A file made smaller holds the same, and whoever had the larger one open goes on with it")
  func compaction() throws {
    let store = try open(.readWrite)
    let reader = try open(.readOnly)
    try put([UInt8](repeating: 1, count: 1 << 19), "large", in: store)
    try put([2], "key", in: store)
    #expect(try value("key", in: reader) == [2])
    try store.write { transaction throws(StoreError) in
      #expect(try transaction.remove(Array("large".utf8), in: "a"))
      #expect(try !transaction.remove(Array("large".utf8), in: "a"))
    }
    let before = try bytes(of: "data.mdb")
    try store.compact()
    #expect(try bytes(of: "data.mdb") < before / 4)
    #expect(try value("key", in: reader) == [2])
    try put([3], "key", in: store)
    #expect(try value("key", in: reader) == [3])
  }

  private func bytes(of file: String) throws -> Int {
    try Data(contentsOf: URL(filePath: "\(path)/\(file)")).count
  }

  @Test(
    "A copy made while others write is a whole state, and does not replace what is there unasked")
  func copies() async throws {
    let store = try open(.readWrite)
    try put([0], "a", in: store)
    try put([0], "b", in: store)
    let copies = (1...5).map { folder / "copy-\($0)" }
    async let writing: Void = {
      for round in UInt8(1)...100 {
        try store.write { transaction throws(StoreError) in
          try transaction.put([round], for: Array("a".utf8), in: "a")
          try transaction.put([round], for: Array("b".utf8), in: "a")
        }
      }
    }()
    for path in copies {
      let copy = Environment(path: path, access: .readWrite)
      try store.copy(to: copy, replacing: false)
      #expect(try value("a", in: copy) == value("b", in: copy))
    }
    try await writing
    let error = #expect(throws: StoreError.self) {
      try store.copy(to: Environment(path: copies[0], access: .readWrite), replacing: false)
    }
    #expect(error?.code == .system(EEXIST))
    try store.copy(to: Environment(path: copies[0], access: .readWrite), replacing: true)
    #expect(try value("a", in: Environment(path: copies[0], access: .readOnly)) == [100])
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

  @Test("Databases are opened by name as they are needed; one that is missing is named")
  func missingDatabase() throws {
    let store = try open(.readWrite)
    try store.write { transaction throws(StoreError) in
      try transaction.create(database: "seventh")
      try transaction.put([7], for: [1], in: "seventh")
    }
    try store.read { transaction throws(StoreError) in
      #expect(try transaction.value(for: [1], in: "seventh") == [7])
      #expect(try transaction.has(database: "a"))
      #expect(try !transaction.has(database: "c"))
    }
    let error = #expect(throws: StoreError.self) {
      try store.read { transaction throws(StoreError) in
        try transaction.value(for: [1], in: "c")
      }
    }
    #expect(error?.code == .notFound)
    #expect(error?.operation.contains("c") == true)
  }

  @Test("Keys and values of impossible sizes are refused")
  func sizes() throws {
    let store = try open(.readWrite)
    // One byte more than LMDB is built with by default on every distribution.
    for key in [[], [UInt8](repeating: 1, count: 512)] {
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
