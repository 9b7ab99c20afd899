// The face of an LMDB environment: a folder, changed and read only in transactions that live as long as
// a closure.

import Glibc
import Synchronization

/// A folder with an LMDB data file and a lock file.
///
/// Readers and the writer are kept apart by `LockFile`, between processes, containers and values of this
/// class alike; a process may open a folder as often as it likes. What the path names is what is used:
/// when the folder or the data file in it is replaced, the next transaction opens the new one.
///
/// Transactions of one value run one at a time, must not be nested, and must be short: while one reads,
/// nobody writes.
///
/// Unchecked, because `opened` is guarded by `turn`.
public final class Environment: @unchecked Sendable {
  /// What an environment may be used for.
  public enum Access: Sendable {
    /// Transactions that read. The folder must exist.
    case readOnly
    /// Creates the folder where it is missing.
    case readWrite
  }

  /// The folder, as it was given.
  public let path: String
  /// What this value may be used for.
  public let access: Access
  private let mapBytesInitial: Int
  private let turn = Mutex(())
  private var opened: OpenEnvironment?

  /// Names a folder. Nothing is opened before the first transaction.
  ///
  /// - Parameter mapBytesInitial: address space for a new environment; `StoreLimits` has the reason.
  public init(
    path: String, access: Access, mapBytesInitial: Int = StoreLimits.mapBytesInitial
  ) {
    self.path = path
    self.access = access
    self.mapBytesInitial = mapBytesInitial
  }

  var dataFile: String { "\(path)/data.mdb" }

  /// The present state; another value means another content. While a commit reaches the disk it may
  /// already be named here, though readers still wait for it. Two looks at names and one at mapped
  /// memory: no transaction, and no lock once the file is open.
  public func generation() throws(StoreError) -> Generation {
    let known = try inTurn { () throws(StoreError) -> Generation? in
      guard let opened, try FileID.named(dataFile, in: path) == opened.id else { return nil }
      return Generation(opened.id, try opened.size().transaction)
    }
    if let known { return known }
    return try read { transaction throws(StoreError) in try transaction.generation() }
  }

  /// Bytes of address space reserved now.
  public func mapBytes() throws(StoreError) -> Int {
    try read { transaction throws(StoreError) in try transaction.environment.size().mapBytes }
  }

  /// Runs `body` on one unchanging state of the environment. Nobody writes meanwhile: keep it short.
  ///
  /// - Throws: `missing` when there is nothing to read; `invalid`, `truncated` or
  ///   `versionMismatch` when the file cannot be used.
  public func read<R, E: StoreFailure>(
    _ body: (borrowing ReadTransaction) throws(E) -> R
  ) throws(E) -> R {
    try run(.shared) { open throws(StoreError) -> Result<R, E> in
      let transaction = try ReadTransaction(in: open)
      do throws(E) {
        return .success(try body(transaction))
      } catch {
        return .failure(error)
      }
    }
  }

  /// Runs `body` as the only user of the folder, of any process, and commits what it wrote. When this
  /// returns, the change is on the disk. When `body` throws, nothing has changed.
  ///
  /// `body` runs again from the start when the map was too small, so it must have no other effects.
  public func write<R, E: StoreFailure>(
    _ body: (borrowing WriteTransaction) throws(E) -> R
  ) throws(E) -> R {
    guard access == .readWrite else {
      throw E(store: StoreError(.readOnly, during: "write", path: path))
    }
    return try run(.exclusive) { open throws(StoreError) -> Result<R, E> in
      let transaction = try WriteTransaction(in: open)
      let value: R
      do throws(E) {
        value = try body(transaction)
      } catch {
        // A full map is this class's business, anything else the caller's.
        if let full = error.storeError, full.code == .mapFull { throw full }
        return .failure(error)
      }
      try transaction.commit()
      return .success(value)
    }
  }

  // MARK: Attempts

  /// Runs `body` with the folder locked and the file that it names open; again when there was no room,
  /// or another folder.
  func run<R, E: StoreFailure>(
    _ mode: LockFile.Mode, _ body: (OpenEnvironment) throws(StoreError) -> Result<R, E>
  ) throws(E) -> R {
    let outcome = inTurn { () -> Result<R, E> in
      for _ in 0..<StoreLimits.attemptsMax {
        do throws(StoreError) {
          if let outcome = try attempt(mode, body) { return outcome }
        } catch {
          if let lasting = makeRetriable(error) { return .failure(E(store: lasting)) }
        }
      }
      return .failure(E(store: StoreError(.unsettled, during: "mdb_txn_begin", path: path)))
    }
    return try outcome.get()
  }

  /// `nil` when the folder was replaced meanwhile.
  private func attempt<R>(
    _ mode: LockFile.Mode, _ body: (OpenEnvironment) throws(StoreError) -> R
  ) throws(StoreError) -> R? {
    try withLock(mode) { () throws(StoreError) in
      let id = try FileID.named(dataFile, in: path)
      if id == nil && mode == .shared {
        throw StoreError(.missing, during: "stat \(dataFile)", path: path)
      }
      if let opened, opened.id != id { self.opened = nil }
      let open: OpenEnvironment
      if let opened {
        open = opened
      } else {
        open = try OpenEnvironment(
          file: dataFile, in: path, isWritable: access == .readWrite, mapBytes: mapBytesInitial)
        opened = open
      }
      return try body(open)
    }
  }

  /// Runs `body` with the folder locked; `nil` when another folder has taken its place before that.
  /// This value's turn is held.
  func withLock<R>(
    _ mode: LockFile.Mode, _ body: () throws(StoreError) -> R
  ) throws(StoreError) -> R? {
    if mode == .exclusive {
      try makeFolder()
    } else if try FileID.named(dataFile, in: path) == nil {
      // Reading makes no lock file where there is nothing to read.
      throw StoreError(.missing, during: "stat \(dataFile)", path: path)
    }
    let lock = try LockFile(folder: path, mode: mode)
    try lock.acquire(mode)
    defer { lock.release() }
    guard try FileID.named(LockFile.file(in: path), in: path) == lock.id else { return nil }
    return try body()
  }

  /// Makes room for the next attempt; returns the error that remains when there is no point in one.
  private func makeRetriable(_ error: StoreError) -> StoreError? {
    do throws(StoreError) {
      switch error.code {
      case .mapFull: try opened?.grow()
      case .mapResized: try opened?.adoptMapSize()
      case .panic:
        // A write failed below LMDB; the file is opened anew for whoever comes next.
        opened = nil
        return error
      case .keyExists, .notFound, .corrupted, .versionMismatch, .invalid, .databasesFull,
        .transactionFull, .incompatible, .badTransaction, .badValueSize, .missing, .readOnly,
        .truncated, .unsettled, .system, .other:
        return error
      }
      return nil
    } catch {
      return error
    }
  }

  /// One caller of this value at a time.
  func inTurn<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    var outcome: Result<R, E>?
    turn.withLock { _ in
      do throws(E) {
        outcome = .success(try body())
      } catch {
        outcome = .failure(error)
      }
    }
    guard let outcome else { preconditionFailure("the body always runs") }
    return try outcome.get()
  }

  /// Forgets the open file: it has been replaced.
  func forget() { opened = nil }

  /// Like `mkdir -p`.
  private func makeFolder() throws(StoreError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += part
      // The path is read only during the call.
      if unsafe mkdir(prefix, 0o755) != 0 && errno != EEXIST {
        throw StoreError(.system(errno), during: "mkdir \(prefix)", path: path)
      }
      prefix += "/"
    }
  }
}
