// LMDB's result codes, mirrored with what they mean here, and the one error type of this module.

import CLMDB
import Glibc

/// What went wrong in an environment: what, during which call, in which folder.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// LMDB's result codes and the refusals that this module adds. New cases may be added.
  public enum Code: Hashable, Sendable {
    /// `MDB_KEYEXIST`: the key is there already and was not to be replaced.
    case keyExists
    /// `MDB_NOTFOUND`: a named database does not exist.
    case notFound
    /// `MDB_PAGE_NOTFOUND`, `MDB_CORRUPTED`: a page is missing or of the wrong type.
    case corrupted
    /// `MDB_PANIC`: an earlier failure to write the meta page; the environment must be reopened.
    case panic
    /// `MDB_VERSION_MISMATCH`: written by an incompatible LMDB.
    case versionMismatch
    /// `MDB_INVALID`: the file is not an LMDB file.
    case invalid
    /// `MDB_MAP_FULL`: no room, and the map is already `StoreLimits.mapBytesMax`.
    case mapFull
    /// `MDB_DBS_FULL`: more named databases than `StoreLimits.databasesMax`.
    case databasesFull
    /// `MDB_TXN_FULL`: one transaction changes too many pages.
    case transactionFull
    /// `MDB_MAP_RESIZED`: another process keeps growing the map faster than it can be adopted.
    case mapResized
    /// `MDB_INCOMPATIBLE`: a database was created with other flags.
    case incompatible
    /// `MDB_BAD_TXN`: the transaction cannot go on after an earlier error in it.
    case badTransaction
    /// `MDB_BAD_VALSIZE`: a key or value is empty or longer than the limit.
    case badValueSize
    /// There is no data file, or no folder.
    case missing
    /// The environment was opened for reading only.
    case readOnly
    /// The data file is shorter than its own meta page says; reading it would kill the process.
    case truncated
    /// The folder is replaced, or its map grown, faster than it can be opened.
    case unsettled
    /// The operating system's `errno`.
    case system(Int32)
    /// A result code that this module does not know.
    case other(Int32)
  }

  /// What went wrong.
  public var code: Code
  /// The LMDB call or step that failed.
  public var operation: String
  /// The environment's folder.
  public var path: String

  init(_ code: Code, during operation: String, path: String) {
    self.code = code
    self.operation = operation
    self.path = path
  }

  init(result: CInt, during operation: String, path: String) {
    let isFull = result == EIO && Self.isFull(path)
    self.init(Code(result: isFull ? ENOSPC : result), during: operation, path: path)
  }

  private static func isFull(_ folder: String) -> Bool {
    var status = statvfs()
    // A whole struct of the size that the call expects.
    return unsafe statvfs(folder, &status) == 0 && status.f_bavail == 0
  }

  /// What the code means, in words.
  public var meaning: String { code.text }

  /// One line: folder, call, meaning, and what to do where there is something to do.
  public var description: String { "\(path): \(operation): \(meaning)" }
}

/// An error that a transaction's closure may throw: it can carry a `StoreError`.
public protocol StoreFailure: Error {
  /// Wraps the store's error.
  init(store: StoreError)
  /// The store's error inside, if it is one: a full map is grown and the transaction run again.
  var storeError: StoreError? { get }
}

extension StoreError: StoreFailure {
  /// The error itself.
  public init(store: StoreError) { self = store }
  /// The error itself.
  public var storeError: StoreError? { self }
}

extension StoreError.Code {
  init(result: CInt) {
    self =
      switch result {
      case MDB_KEYEXIST: .keyExists
      case MDB_NOTFOUND: .notFound
      case MDB_PAGE_NOTFOUND, MDB_CORRUPTED: .corrupted
      case MDB_PANIC: .panic
      case MDB_VERSION_MISMATCH: .versionMismatch
      case MDB_INVALID: .invalid
      case MDB_MAP_FULL: .mapFull
      case MDB_DBS_FULL: .databasesFull
      case MDB_TXN_FULL: .transactionFull
      case MDB_MAP_RESIZED: .mapResized
      case MDB_INCOMPATIBLE: .incompatible
      case MDB_BAD_TXN: .badTransaction
      case MDB_BAD_VALSIZE: .badValueSize
      case 1...: .system(result)
      // LMDB's codes are an open set: the rest have no name here.
      default: .other(result)
      }
  }

  var text: String {
    switch self {
    case .keyExists: "the key exists already"
    case .notFound: "a named database is missing"
    case .corrupted: "the file is damaged; restore the folder from a copy"
    case .panic: "an earlier write failed; close the environment and open it again"
    case .versionMismatch: "written by an incompatible version of LMDB"
    case .invalid: "its data file is none of LMDB; restore the folder from a copy"
    case .mapFull: "the map has reached its largest size (\(StoreLimits.mapBytesMax) bytes)"
    case .databasesFull: "more than \(StoreLimits.databasesMax) named databases"
    case .transactionFull: "one transaction changes too many pages"
    case .mapResized: "another process keeps growing the file; try again"
    case .incompatible: "a database has other flags than expected"
    case .badTransaction: "the transaction has failed before"
    case .badValueSize: "a key or value is empty or too long"
    case .missing: "there is no data file"
    case .readOnly: "opened for reading only"
    case .truncated: "the data file has been cut short; restore the folder from a copy"
    case .unsettled: "the folder keeps changing under the reader; try again"
    case .system(ENOSPC), .system(EDQUOT): "the disk is full"
    case .system(EFBIG): "the file may not become larger; look at `ulimit -f`"
    // LMDB's word for a write that was cut short.
    case .system(EIO): "a write failed: the disk is full, or it is damaged (Input/output error)"
    // The text is copied before the call's buffer can be used again.
    case .system(let number): unsafe String(cString: strerror(number))
    case .other(let number): "LMDB result \(number)"
    }
  }
}
