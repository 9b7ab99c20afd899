// The one MDB_env that a process holds for a folder. LMDB forbids two: closing either drops the
// POSIX locks of both. `Environment` is the face that callers hold; they share this.

import CLMDB
import Glibc

/// An open `MDB_env` with its database handles. Everything in it is guarded by `gate`: transactions
/// hold it shared, whoever replaces the map or the handle holds it alone.
@safe final class OpenEnvironment: @unchecked Sendable {
  let path: String
  let gate = Gate()
  private(set) var isWritable: Bool
  // None after a failed reopening: then every transaction is refused with `panic`.
  private var handle: OpaquePointer?
  private(set) var databases: [String: MDB_dbi]

  init(path: String, writable: Bool, databases names: [String], mapBytes: Int) throws(StoreError) {
    self.path = path
    isWritable = false
    databases = [:]
    try open(writable: writable, databases: names, mapBytes: mapBytes)
  }

  deinit { unsafe mdb_env_close(handle) }

  /// The open environment. The gate is held.
  func live() throws(StoreError) -> OpaquePointer {
    guard let handle = unsafe handle else {
      throw StoreError(.panic, during: "reopen", path: path)
    }
    return unsafe handle
  }

  /// The last committed transaction and the size of the map. The gate is held.
  func size() throws(StoreError) -> (transaction: UInt64, mapBytes: Int) {
    var info = unsafe MDB_envinfo()
    try check(unsafe mdb_env_info(try live(), &info), "mdb_env_info")
    return unsafe (UInt64(info.me_last_txnid), Int(info.me_mapsize))
  }

  /// Reopens a read-only environment for writing once no transaction is active.
  func makeWritable(mapBytes: Int) throws(StoreError) {
    try gate.alone { () throws(StoreError) in
      if isWritable { return }
      // The old handle goes first, since a process may hold only one; it comes back read-only when
      // the folder turns out not to be writable.
      let names = Array(databases.keys)
      unsafe mdb_env_close(handle)
      unsafe handle = nil
      do throws(StoreError) {
        try open(writable: true, databases: names, mapBytes: mapBytes)
      } catch {
        try open(writable: false, databases: names, mapBytes: mapBytes)
        throw error
      }
    }
  }

  /// Doubles the map. Called with no transaction of this thread open.
  func grow() throws(StoreError) {
    try gate.alone { () throws(StoreError) in
      let bytes = try size().mapBytes
      guard bytes < StoreLimits.mapBytesMax else {
        throw StoreError(.mapFull, during: "mdb_env_set_mapsize", path: path)
      }
      let grown = min(bytes * 2, StoreLimits.mapBytesMax)
      try check(unsafe mdb_env_set_mapsize(try live(), grown), "mdb_env_set_mapsize")
    }
  }

  /// Takes over the map size that another process has committed.
  func adoptMapSize() throws(StoreError) {
    try gate.alone { () throws(StoreError) in
      try check(unsafe mdb_env_set_mapsize(try live(), 0), "mdb_env_set_mapsize")
    }
  }

  /// Frees the reader slots of processes that have died; their pages become reusable.
  func clearStaleReaders() throws(StoreError) {
    var dead: CInt = 0
    try check(unsafe mdb_reader_check(try live(), &dead), "mdb_reader_check")
  }

  func check(_ result: CInt, _ operation: String) throws(StoreError) {
    if result != MDB_SUCCESS {
      throw StoreError(result: result, during: operation, path: path)
    }
  }

  // MARK: Opening

  private func open(
    writable: Bool, databases names: [String], mapBytes: Int
  ) throws(StoreError) {
    let opened = unsafe try Self.open(path: path, writable: writable, mapBytes: mapBytes)
    do throws(StoreError) {
      databases = unsafe try Self.openDatabases(names, in: opened, path: path, writable: writable)
    } catch {
      unsafe mdb_env_close(opened)
      throw error
    }
    unsafe handle = opened
    isWritable = writable
  }

  private static func open(
    path: String, writable: Bool, mapBytes: Int
  ) throws(StoreError) -> OpaquePointer {
    var created: OpaquePointer?
    var result = unsafe mdb_env_create(&created)
    guard result == MDB_SUCCESS, let handle = unsafe created else {
      throw StoreError(result: result, during: "mdb_env_create", path: path)
    }
    do throws(StoreError) {
      func check(_ operation: String) throws(StoreError) {
        if result != MDB_SUCCESS {
          throw StoreError(result: result, during: operation, path: path)
        }
      }
      result = unsafe mdb_env_set_maxdbs(handle, StoreLimits.databasesMax)
      try check("mdb_env_set_maxdbs")
      result = unsafe mdb_env_set_maxreaders(handle, StoreLimits.readersMax)
      try check("mdb_env_set_maxreaders")
      // NOTLS: a reader's slot belongs to its transaction, not to the thread, since Swift's closures
      // may run on any. Neither NOSYNC nor NOMETASYNC: a commit that returned is on the disk.
      let flags = UInt32(MDB_NOTLS) | (writable ? 0 : UInt32(MDB_RDONLY))
      result = unsafe mdb_env_open(handle, path, flags, 0o644)
      try check("mdb_env_open")

      var info = unsafe MDB_envinfo()
      result = unsafe mdb_env_info(handle, &info)
      try check("mdb_env_info")
      unsafe try checkLength(of: handle, lastPage: info.me_last_pgno, path: path)
      let isSmall = unsafe info.me_mapsize < mapBytes
      if writable && isSmall {
        result = unsafe mdb_env_set_mapsize(handle, mapBytes)
        try check("mdb_env_set_mapsize")
      }
      var dead: CInt = 0
      result = unsafe mdb_reader_check(handle, &dead)
      try check("mdb_reader_check")
      return unsafe handle
    } catch {
      unsafe mdb_env_close(handle)
      throw error
    }
  }

  /// A page beyond the end of a mapped file raises SIGBUS, so a cut file is refused here.
  private static func checkLength(
    of handle: OpaquePointer, lastPage: Int, path: String
  ) throws(StoreError) {
    var statistics = MDB_stat()
    var descriptor: CInt = -1
    var file = stat()
    guard unsafe mdb_env_stat(handle, &statistics) == MDB_SUCCESS,
      unsafe mdb_env_get_fd(handle, &descriptor) == MDB_SUCCESS,
      unsafe fstat(descriptor, &file) == 0
    else { throw StoreError(.system(errno), during: "fstat", path: path) }
    let needed = (lastPage + 1) * Int(statistics.ms_psize)
    if Int(file.st_size) < needed {
      throw StoreError(
        .truncated, during: "\(file.st_size) bytes where \(needed) are in use", path: path)
    }
  }

  /// Opens the handles once for the life of the environment: LMDB forbids opening them in
  /// transactions that run side by side.
  private static func openDatabases(
    _ names: [String], in handle: OpaquePointer, path: String, writable: Bool
  ) throws(StoreError) -> [String: MDB_dbi] {
    do throws(StoreError) {
      return unsafe try openDatabases(
        names, in: handle, path: path, begin: UInt32(MDB_RDONLY), flags: 0)
    } catch {
      guard error.code == .notFound else { throw error }
      // Databases are made in the first transaction, all at once. One that is missing later was
      // damaged away: making it anew would commit the damage.
      var info = unsafe MDB_envinfo()
      let result = unsafe mdb_env_info(handle, &info)
      guard result == MDB_SUCCESS else {
        throw StoreError(result: result, during: "mdb_env_info", path: path)
      }
      guard unsafe info.me_last_txnid == 0 else {
        throw StoreError(
          .corrupted, during: "\(error.operation): missing; restore the folder from a copy",
          path: path)
      }
      guard writable else { throw error }
      return unsafe try openDatabases(
        names, in: handle, path: path, begin: 0, flags: UInt32(MDB_CREATE))
    }
  }

  private static func openDatabases(
    _ names: [String], in handle: OpaquePointer, path: String, begin: UInt32, flags: UInt32
  ) throws(StoreError) -> [String: MDB_dbi] {
    var transaction: OpaquePointer?
    var result = unsafe mdb_txn_begin(handle, nil, begin, &transaction)
    guard result == MDB_SUCCESS else {
      throw StoreError(result: result, during: "mdb_txn_begin", path: path)
    }
    var databases: [String: MDB_dbi] = [:]
    for name in names {
      var database: MDB_dbi = 0
      result = unsafe mdb_dbi_open(transaction, name, flags, &database)
      guard result == MDB_SUCCESS else {
        unsafe mdb_txn_abort(transaction)
        throw StoreError(result: result, during: "mdb_dbi_open \(name)", path: path)
      }
      databases[name] = database
    }
    // Committed, not aborted, even when only read: that is what keeps the handles.
    result = unsafe mdb_txn_commit(transaction)
    guard result == MDB_SUCCESS else {
      throw StoreError(result: result, during: "mdb_txn_commit", path: path)
    }
    return databases
  }
}
