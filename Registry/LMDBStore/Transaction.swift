// Transactions: not copyable and only ever borrowed, so none outlives the closure it was handed to,
// and no value read in it can dangle.

import CLMDB

/// One unchanging state of the environment.
@safe public struct ReadTransaction: ~Copyable {
  // None once committed.
  private(set) var handle: OpaquePointer?
  let environment: OpenEnvironment

  init(in environment: OpenEnvironment) throws(StoreError) {
    try self.init(in: environment, flags: UInt32(MDB_RDONLY))
  }

  init(in environment: OpenEnvironment, flags: UInt32) throws(StoreError) {
    var begun: OpaquePointer?
    // The environment stays open while this value refers to it.
    try environment.check(
      unsafe mdb_txn_begin(environment.live, nil, flags, &begun), "mdb_txn_begin")
    unsafe handle = begun
    self.environment = environment
  }

  // Does nothing for a handle that is gone.
  deinit { unsafe mdb_txn_abort(handle) }

  /// Which state this is.
  public func generation() throws(StoreError) -> Generation {
    // The handle is open for as long as this value lives.
    Generation(environment.id, unsafe UInt64(mdb_txn_id(handle)))
  }

  /// Whether nothing was ever committed to this file.
  public func isPristine() throws(StoreError) -> Bool {
    try environment.size().transaction == 0
  }

  /// Whether a named database is there.
  public func has(database name: String) throws(StoreError) -> Bool {
    do throws(StoreError) {
      _ = try database(name)
      return true
    } catch {
      guard error.code == .notFound else { throw error }
      return false
    }
  }

  /// Calls `body` with the value of a key, in place; `nil` when there is none.
  public func withValue<R>(
    for key: [UInt8], in database: String, _ body: (RawSpan) -> R
  ) throws(StoreError) -> R? {
    let database = try self.database(database)
    // The transaction is open, so what LMDB points to stays in place while `body` looks at it.
    var value = unsafe MDB_val()
    let result = unsafe withMDBValue(key) { key in
      unsafe mdb_get(handle, database, &key, &value)
    }
    if result == MDB_NOTFOUND { return nil }
    try environment.check(result, "mdb_get")
    return unsafe withBytes(of: value, body)
  }

  /// A copy of the value of a key; `nil` when there is none.
  public func value(for key: [UInt8], in database: String) throws(StoreError) -> [UInt8]? {
    try withValue(for: key, in: database) { [UInt8](copying: $0) }
  }

  /// Calls `body` with the keys that begin with `prefix` and their values, in ascending order of the
  /// keys' bytes, until it returns false.
  ///
  /// - Throws: `corrupted` where a key does not come after the one before it: pages of a damaged file can lead
  ///   back to each other, and this would never end.
  public func forEach(
    in database: String, prefix: [UInt8] = [], _ body: (RawSpan, RawSpan) -> Bool
  ) throws(StoreError) {
    // The cursor is open, and what LMDB points to stays in place while `body` looks at it.
    unsafe try withCursor(in: database) { cursor throws(StoreError) in
      var key = unsafe MDB_val()
      var value = unsafe MDB_val()
      var result =
        unsafe prefix.isEmpty
        ? mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
        : withMDBValue(prefix) { start in
          let result = unsafe mdb_cursor_get(cursor, &start, &value, MDB_SET_RANGE)
          // The key that was found, where LMDB keeps it.
          unsafe key = start
          return result
        }
      var last: [UInt8] = []
      while result == MDB_SUCCESS {
        // Key and value as the cursor has just found them.
        let found = unsafe withBytes(of: key) { [UInt8](copying: $0) }
        guard last.lexicographicallyPrecedes(found) else {
          throw StoreError(
            .corrupted, during: "order of keys in \(database)", path: environment.path)
        }
        last = found
        // The same key, and its value.
        let goesOn = unsafe withBytes(of: key) { key in
          guard key.starts(with: prefix) else { return false }
          return unsafe withBytes(of: value) { body(key, $0) }
        }
        if !goesOn { return }
        result = unsafe mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
      }
      if result != MDB_NOTFOUND { try environment.check(result, "mdb_cursor_get") }
    }
  }

  /// The greatest key that begins with `prefix`; `nil` when there is none. Two seeks.
  public func lastKey(in database: String, prefix: [UInt8] = []) throws(StoreError) -> [UInt8]? {
    // The cursor is open, and what LMDB points to is copied at once.
    unsafe try withCursor(in: database) { cursor throws(StoreError) in
      var key = unsafe MDB_val()
      var value = unsafe MDB_val()
      // The first key after all that begin with the prefix: then one step back.
      var bound = prefix
      while bound.last == 0xFF { bound.removeLast() }
      var result = MDB_NOTFOUND
      if let last = bound.popLast() {
        bound.append(last + 1)
        result = unsafe withMDBValue(bound) { start in
          unsafe mdb_cursor_get(cursor, &start, &value, MDB_SET_RANGE)
        }
      }
      let step = result == MDB_SUCCESS ? MDB_PREV : MDB_LAST
      // The cursor is open.
      result = unsafe mdb_cursor_get(cursor, &key, &value, step)
      if result == MDB_NOTFOUND { return nil }
      try environment.check(result, "mdb_cursor_get")
      return unsafe withBytes(of: key) { key in
        key.starts(with: prefix) ? [UInt8](copying: key) : nil
      }
    }
  }

  private func withCursor<R>(
    in database: String, _ body: (OpaquePointer) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    var opened: OpaquePointer?
    // The transaction is open for longer than the cursor, which is closed below.
    try environment.check(
      unsafe mdb_cursor_open(handle, try self.database(database), &opened), "mdb_cursor_open")
    guard let cursor = unsafe opened else {
      throw StoreError(.panic, during: "mdb_cursor_open", path: environment.path)
    }
    defer { unsafe mdb_cursor_close(cursor) }
    return unsafe try body(cursor)
  }

  /// The handle of a named database. LMDB remembers it for the transaction and closes it with it, so
  /// databases are opened as what was read before them says.
  func database(_ name: String, flags: UInt32 = 0) throws(StoreError) -> MDB_dbi {
    var database: MDB_dbi = 0
    // The transaction is open; the name is read only during the call.
    try environment.check(
      unsafe mdb_dbi_open(handle, name, flags, &database), "mdb_dbi_open \(name)")
    return database
  }
}

/// The only writer of the environment, of any process. Committed when its closure returns.
@safe public struct WriteTransaction: ~Copyable {
  /// The state with this transaction's own changes in it.
  public let reading: ReadTransaction

  init(in environment: OpenEnvironment) throws(StoreError) {
    reading = try ReadTransaction(in: environment, flags: 0)
  }

  /// Stores a value, in place of an earlier one of the key.
  public func put(
    _ value: [UInt8], for key: [UInt8], in database: String
  ) throws(StoreError) {
    let database = try reading.database(database)
    // The transaction is open; LMDB copies key and value during the call.
    let result = unsafe withMDBValue(key) { key in
      unsafe withMDBValue(value) { value in
        unsafe mdb_put(reading.handle, database, &key, &value, 0)
      }
    }
    try reading.environment.check(result, "mdb_put")
  }

  /// Removes a key; false when it was not there.
  @discardableResult
  public func remove(_ key: [UInt8], in database: String) throws(StoreError) -> Bool {
    let database = try reading.database(database)
    // The key is read only during the call.
    let result = unsafe withMDBValue(key) { key in
      unsafe mdb_del(reading.handle, database, &key, nil)
    }
    if result == MDB_NOTFOUND { return false }
    try reading.environment.check(result, "mdb_del")
    return true
  }

  /// Makes a named database where it is missing.
  public func create(database name: String) throws(StoreError) {
    _ = try reading.database(name, flags: UInt32(MDB_CREATE))
  }

  /// Makes the changes durable. Not undone by any crash once this has returned.
  consuming func commit() throws(StoreError) {
    try reading.commit()
  }
}

extension ReadTransaction {
  fileprivate consuming func commit() throws(StoreError) {
    // LMDB frees the transaction whether or not it could commit.
    let committed = unsafe handle
    unsafe handle = nil
    try environment.check(unsafe mdb_txn_commit(committed), "mdb_txn_commit")
  }
}

/// The pointer is only read by LMDB, and only during the call.
private func withMDBValue<R>(_ bytes: [UInt8], _ body: (inout MDB_val) -> R) -> R {
  // The buffer is lent for as long as `body` runs.
  unsafe bytes.withUnsafeBytes { bytes in
    var value = unsafe MDB_val(
      mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    return unsafe body(&value)
  }
}

/// What LMDB points to stays in place until the transaction ends, and `body` cannot keep the span.
private func withBytes<R>(of value: MDB_val, _ body: (RawSpan) -> R) -> R {
  // As many bytes as LMDB says stand there.
  let bytes = unsafe UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
  return unsafe body(bytes.bytes)
}

extension RawSpan {
  fileprivate func starts(with prefix: [UInt8]) -> Bool {
    // Bytes have no padding that could be compared.
    unsafe withUnsafeBytes { unsafe $0.starts(with: prefix) }
  }
}

extension [UInt8] {
  fileprivate init(copying bytes: RawSpan) {
    // Bytes have no padding that the copy could expose.
    self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
