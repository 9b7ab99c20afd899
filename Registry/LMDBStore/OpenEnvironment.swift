// An MDB_env and the lock file of its folder. `Environment` is the face that callers hold; it opens
// one of these, and another one when the folder has been replaced.

import CLMDB
import Glibc

/// An open data file. Used by one thread at a time, while its folder's lock is held.
@safe final class OpenEnvironment {
  let path: String
  let id: FileID
  private let handle: OpaquePointer

  /// Opens a data file.
  ///
  /// - Parameters:
  ///   - file: the data file; made when `isWritable` and it is missing.
  ///   - folder: for messages.
  init(
    file: String, in folder: String, isWritable: Bool, mapBytes: Int
  ) throws(StoreError) {
    path = folder
    var created: OpaquePointer?
    // LMDB fills in the handle; it is closed on every way out but the last.
    let result = unsafe mdb_env_create(&created)
    guard result == MDB_SUCCESS, let handle = unsafe created else {
      throw StoreError(result: result, during: "mdb_env_create", path: folder)
    }
    do throws(StoreError) {
      id = unsafe try Self.open(
        handle, file: file, in: folder, isWritable: isWritable, mapBytes: mapBytes)
    } catch {
      // Nobody else has it.
      unsafe mdb_env_close(handle)
      throw error
    }
    // Closed in `deinit`.
    unsafe self.handle = handle
  }

  // The last reference has gone, so no transaction runs.
  deinit { unsafe mdb_env_close(handle) }

  /// LMDB's handle, for a call.
  var live: OpaquePointer {
    // Open for as long as this value lives.
    unsafe handle
  }

  /// The last committed transaction and the size of the map. Needs no lock: it reads two numbers.
  func size() throws(StoreError) -> (transaction: UInt64, mapBytes: Int) {
    // LMDB fills in the struct.
    var info = unsafe MDB_envinfo()
    try check(unsafe mdb_env_info(handle, &info), "mdb_env_info")
    return unsafe (UInt64(info.me_last_txnid), Int(info.me_mapsize))
  }

  /// Doubles the map. No transaction is open.
  func grow() throws(StoreError) {
    let bytes = try size().mapBytes
    guard bytes < StoreLimits.mapBytesMax else {
      throw StoreError(.mapFull, during: "mdb_env_set_mapsize", path: path)
    }
    // The handle is open, and nothing points into the old map.
    let result = unsafe mdb_env_set_mapsize(handle, min(bytes * 2, StoreLimits.mapBytesMax))
    try check(result, "mdb_env_set_mapsize")
  }

  /// Takes over the map size that another process has committed. No transaction is open.
  func adoptMapSize() throws(StoreError) {
    // 0 = the size in the file. The handle is open, and nothing points into the old map.
    try check(unsafe mdb_env_set_mapsize(handle, 0), "mdb_env_set_mapsize")
  }

  /// Writes what is in use, without the free pages, to a descriptor.
  func copy(to descriptor: CInt) throws(StoreError) {
    // The handle is open; LMDB writes the pages to the descriptor and keeps nothing.
    let result = unsafe mdb_env_copyfd2(handle, descriptor, UInt32(MDB_CP_COMPACT))
    try check(result, "mdb_env_copyfd2")
  }

  func check(_ result: CInt, _ operation: String) throws(StoreError) {
    if result != MDB_SUCCESS {
      throw StoreError(result: result, during: operation, path: path)
    }
  }

  // MARK: Opening

  private static func open(
    _ handle: OpaquePointer, file: String, in folder: String, isWritable: Bool, mapBytes: Int
  ) throws(StoreError) -> FileID {
    // Every call gets the handle that was just made, and structs that it fills in.
    var result = unsafe mdb_env_set_maxdbs(handle, StoreLimits.databasesMax)
    func check(_ operation: String) throws(StoreError) {
      if result != MDB_SUCCESS {
        throw StoreError(result: result, during: operation, path: folder)
      }
    }
    try check("mdb_env_set_maxdbs")
    // NOLOCK: `LockFile` keeps readers and the writer apart. NOTLS: a reading transaction belongs to
    // no thread. Neither NOSYNC nor NOMETASYNC: a commit that returned is on the disk.
    let flags =
      UInt32(MDB_NOSUBDIR) | UInt32(MDB_NOLOCK) | UInt32(MDB_NOTLS)
      | (isWritable ? 0 : UInt32(MDB_RDONLY))
    result = unsafe mdb_env_open(handle, file, flags, 0o644)
    // In an empty file LMDB begins an environment, which a reader has no right to.
    if result == EBADF && !isWritable { result = MDB_INVALID }
    try check("mdb_env_open")
    var info = unsafe MDB_envinfo()
    result = unsafe mdb_env_info(handle, &info)
    try check("mdb_env_info")
    // Numbers that LMDB has filled in; the handle is open.
    let id = unsafe try checkLength(of: handle, lastPage: info.me_last_pgno, in: folder)
    let isSmall = unsafe info.me_mapsize < mapBytes
    if isWritable && isSmall {
      result = unsafe mdb_env_set_mapsize(handle, mapBytes)
      try check("mdb_env_set_mapsize")
    }
    return id
  }

  /// A page beyond the end of a mapped file raises SIGBUS, so a cut file is refused here.
  private static func checkLength(
    of handle: OpaquePointer, lastPage: Int, in folder: String
  ) throws(StoreError) -> FileID {
    var statistics = MDB_stat()
    var descriptor: CInt = -1
    // LMDB fills in both; the handle is open.
    var result = unsafe mdb_env_stat(handle, &statistics)
    if result == MDB_SUCCESS { result = unsafe mdb_env_get_fd(handle, &descriptor) }
    guard result == MDB_SUCCESS else {
      throw StoreError(result: result, during: "mdb_env_stat", path: folder)
    }
    let file = try FileID.open(descriptor, in: folder)
    // The number of the last page comes from the file: it may be anything.
    let (needed, overflow) = (lastPage &+ 1).multipliedReportingOverflow(
      by: Int(statistics.ms_psize))
    if overflow || file.bytes < needed {
      throw StoreError(
        .truncated, during: "\(file.bytes) bytes where \(needed) are in use", path: folder)
    }
    return file.id
  }
}
