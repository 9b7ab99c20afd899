// The face of an LMDB environment: a folder, opened once per process, changed and read only in
// transactions that live as long as a closure.

import Glibc
import Synchronization

/// A folder with an LMDB data file and its lock file.
///
/// A process holds one `MDB_env` per folder however often the folder is opened: LMDB's locks break
/// otherwise. Opening it again, also through another path, shares the first; the environment is
/// closed when the last `Environment` of the folder goes. Opened for reading first and for writing
/// later, it is reopened between transactions.
///
/// Transactions must not be nested, and must be short: pages that a reader can see are not reused.
public final class Environment: Sendable {
  /// What an environment may be used for.
  public enum Access: Sendable {
    /// Transactions that read. The folder must exist. (LMDB still writes its lock file.)
    case readOnly
    /// Creates the folder and the databases where they are missing.
    case readWrite
  }

  /// The data file's identity, not the folder's: an open file's inode cannot be used again, while a
  /// folder may be removed and another one get its number.
  private struct FileID: Hashable {
    var device: UInt
    var inode: UInt
  }
  private struct Entry {
    var environment: OpenEnvironment
    var users: Int
  }
  /// What this process has open. Held while opening and closing, so that the two never overlap.
  private static let open = Mutex<[FileID: Entry]>([:])

  /// The folder, as it was given.
  public let path: String
  /// What this value may be used for.
  public let access: Access
  private let id: FileID
  private let environment: OpenEnvironment

  /// Opens, or shares, the environment in a folder.
  ///
  /// - Parameters:
  ///   - databases: the named databases; the same list for every opening of a folder.
  ///   - mapBytesInitial: address space for a new environment; `StoreLimits` has the reason.
  /// - Throws: `system(ENOENT)` when there is nothing to read, `notFound` when a named database is
  ///   missing, `invalid`, `truncated` or `versionMismatch` when the file cannot be used.
  public init(
    path: String, access: Access, databases: [String],
    mapBytesInitial: Int = StoreLimits.mapBytesInitial
  ) throws(StoreError) {
    self.path = path
    self.access = access
    let writable = access == .readWrite
    if writable { try Self.makeFolder(path) }
    (environment, id) = try Self.open.withLock { table throws(StoreError) in
      if let id = try Self.identify(path), let entry = table[id] {
        if writable { try entry.environment.makeWritable(mapBytes: mapBytesInitial) }
        table[id]?.users += 1
        return (entry.environment, id)
      }
      let opened = try OpenEnvironment(
        path: path, writable: writable, databases: databases, mapBytes: mapBytesInitial)
      guard let id = try Self.identify(path) else {
        throw StoreError(.system(ENOENT), during: "stat", path: path)
      }
      table[id] = Entry(environment: opened, users: 1)
      return (opened, id)
    }
  }

  deinit {
    Self.open.withLock { table in
      table[id]?.users -= 1
      if table[id]?.users == 0 { table[id] = nil }
    }
  }

  /// The number of the last transaction of any process; another number means another content. While a
  /// commit reaches the disk it may already be named here, though readers still begin on the state
  /// before. Opens no transaction: a lock held shared and a read of mapped memory.
  public func lastTransactionID() throws(StoreError) -> UInt64 {
    try environment.gate.shared { () throws(StoreError) in try environment.size().transaction }
  }

  /// Bytes of address space reserved now.
  public func mapBytes() throws(StoreError) -> Int {
    try environment.gate.shared { () throws(StoreError) in try environment.size().mapBytes }
  }

  /// Runs `body` on one unchanging state of the environment.
  ///
  /// A writer is not held up and does not hold up. Keep it short and do not nest transactions.
  public func read<R, E: StoreFailure>(
    _ body: (borrowing ReadTransaction) throws(E) -> R
  ) throws(E) -> R {
    for _ in 0..<StoreLimits.attemptsMax {
      let outcome: Result<R, E>
      do throws(StoreError) {
        outcome = try environment.gate.shared { () throws(StoreError) -> Result<R, E> in
          let transaction = try ReadTransaction(in: environment)
          do throws(E) {
            return .success(try body(transaction))
          } catch {
            return .failure(error)
          }
        }
      } catch {
        if let lasting = makeRetriable(error) { throw E(store: lasting) }
        continue
      }
      return try outcome.get()
    }
    throw E(store: StoreError(.mapResized, during: "mdb_txn_begin", path: path))
  }

  /// Runs `body` as the only writer of any process and commits what it wrote. When this returns, the
  /// change is on the disk. When `body` throws, nothing has changed.
  ///
  /// `body` runs again from the start when the map was too small, so it must have no other effects.
  public func write<R, E: StoreFailure>(
    _ body: (borrowing WriteTransaction) throws(E) -> R
  ) throws(E) -> R {
    guard access == .readWrite else {
      throw E(store: StoreError(.readOnly, during: "write", path: path))
    }
    for _ in 0..<StoreLimits.attemptsMax {
      let outcome: Result<R, E>
      do throws(StoreError) {
        outcome = try environment.gate.shared { () throws(StoreError) -> Result<R, E> in
          try environment.clearStaleReaders()
          let transaction = try WriteTransaction(in: environment)
          let value: R
          do throws(E) {
            value = try body(transaction)
          } catch {
            // A full map is this function's business, anything else the caller's.
            if let full = error.storeError, full.code == .mapFull { throw full }
            return .failure(error)
          }
          try transaction.commit()
          return .success(value)
        }
      } catch {
        if let lasting = makeRetriable(error) { throw E(store: lasting) }
        continue
      }
      return try outcome.get()
    }
    throw E(store: StoreError(.mapResized, during: "mdb_txn_begin", path: path))
  }

  /// Makes room for the next attempt; returns the error that remains when there is no point in one.
  private func makeRetriable(_ error: StoreError) -> StoreError? {
    do throws(StoreError) {
      switch error.code {
      case .mapFull: try environment.grow()
      case .mapResized: try environment.adoptMapSize()
      default: return error
      }
      return nil
    } catch {
      return error
    }
  }

  // MARK: Folders

  /// Like `mkdir -p`.
  private static func makeFolder(_ path: String) throws(StoreError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += part
      if unsafe mkdir(prefix, 0o755) != 0 && errno != EEXIST {
        throw StoreError(.system(errno), during: "mkdir \(prefix)", path: path)
      }
      prefix += "/"
    }
  }

  /// `nil` when there is no data file yet.
  private static func identify(_ path: String) throws(StoreError) -> FileID? {
    var file = stat()
    if unsafe stat("\(path)/data.mdb", &file) == 0 {
      return FileID(device: UInt(file.st_dev), inode: UInt(file.st_ino))
    }
    if errno == ENOENT { return nil }
    throw StoreError(.system(errno), during: "stat", path: path)
  }
}
