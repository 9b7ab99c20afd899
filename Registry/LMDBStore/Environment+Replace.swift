// A data file that takes the place of another: written whole beside it, synced, renamed. Whoever has
// the old one open finds the new one at its next transaction.

import Glibc

extension Environment {
  /// Writes what is in use to another folder, as a data file of its own. Readers go on meanwhile, writers
  /// wait.
  ///
  /// - Parameter replacing: a data file that is there is replaced at once or not at all; otherwise it is
  ///   left alone and the copy refused with `system(EEXIST)`.
  public func copy(to other: Environment, replacing: Bool) throws(StoreError) {
    try run(.shared) { open throws(StoreError) -> Result<Void, StoreError> in
      guard try FileID.named(other.dataFile, in: other.path) != open.id else {
        throw StoreError(.system(EEXIST), during: "copy to itself", path: other.path)
      }
      try other.replaceLocked { () throws(StoreError) in
        let present = try FileID.named(other.dataFile, in: other.path)
        guard replacing || present == nil else {
          throw StoreError(.system(EEXIST), during: "copy to \(other.dataFile)", path: other.path)
        }
        try open.copyToNewFile(of: other)
      }
      return .success(())
    }
  }

  /// Gives the free pages of the data file back to the file system.
  public func compact() throws(StoreError) {
    guard access == .readWrite else {
      throw StoreError(.readOnly, during: "compact", path: path)
    }
    try run(.exclusive) { open throws(StoreError) -> Result<Void, StoreError> in
      try open.copyToNewFile(of: self)
      try install()
      return .success(())
    }
  }

  /// Puts a new data file in the place of the present one: `body` reads the old and writes the new.
  /// When it throws, nothing has changed. The old file stays under `keeping`, if a name is given.
  public func rebuild<R, E: StoreFailure>(
    keeping name: String,
    _ body: (borrowing ReadTransaction, borrowing WriteTransaction) throws(E) -> R
  ) throws(E) -> R {
    try run(.exclusive) { open throws(StoreError) -> Result<R, E> in
      try removeNewFile()
      // Twice the room, since a page may be fuller in the old file than in the new.
      let mapBytes = min(2 * (try open.size().mapBytes), StoreLimits.mapBytesMax)
      let outcome: Result<R, E>
      do {
        let new = try OpenEnvironment(
          file: newFile, in: path, isWritable: true, mapBytes: mapBytes)
        let old = try ReadTransaction(in: open)
        let written = try WriteTransaction(in: new)
        do throws(E) {
          outcome = .success(try body(old, written))
        } catch {
          if let full = error.storeError, full.code == .mapFull { throw full }
          try removeNewFile()
          return .failure(error)
        }
        try written.commit()
      }
      // The paths are read only during the call.
      if unsafe link(dataFile, "\(path)/\(name)") != 0 && errno != EEXIST {
        throw StoreError(.system(errno), during: "link \(name)", path: path)
      }
      try install()
      return outcome
    }
  }

  // MARK: The new file

  var newFile: String { "\(path)/data.mdb.new" }

  /// Replaces the data file of this folder, whatever it holds, by one that `body` writes.
  private func replaceLocked(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    for _ in 0..<StoreLimits.attemptsMax {
      let isDone = try inTurn { () throws(StoreError) in
        try withLock(.exclusive) { () throws(StoreError) in
          try body()
          try install()
          return true
        }
      }
      if isDone == true { return }
    }
    throw StoreError(.unsettled, during: "lock", path: path)
  }

  fileprivate func removeNewFile() throws(StoreError) {
    // The path is read only during the call.
    if unsafe unlink(newFile) != 0 && errno != ENOENT {
      throw StoreError(.system(errno), during: "unlink \(newFile)", path: path)
    }
  }

  /// The new file becomes the data file. After this no crash undoes it.
  private func install() throws(StoreError) {
    // The paths are read only during the calls.
    guard unsafe rename(newFile, dataFile) == 0 else {
      throw StoreError(.system(errno), during: "rename \(newFile)", path: path)
    }
    forget()
    let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw StoreError(.system(errno), during: "open", path: path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw StoreError(.system(errno), during: "fsync", path: path) }
  }
}

extension OpenEnvironment {
  /// Writes a compact copy to the new file of a folder and syncs it; one that a crash has left is written
  /// over. What could not be written whole does not stay: the disk may be full of it.
  fileprivate func copyToNewFile(of environment: Environment) throws(StoreError) {
    do throws(StoreError) {
      try copy(to: environment.newFile, of: environment)
    } catch {
      try environment.removeNewFile()
      throw error
    }
  }

  private func copy(to file: String, of environment: Environment) throws(StoreError) {
    // The path is read only during the call.
    let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw StoreError(.system(errno), during: "open \(file)", path: environment.path)
    }
    defer { close(descriptor) }
    try copy(to: descriptor)
    guard fsync(descriptor) == 0 else {
      throw StoreError(.system(errno), during: "fsync \(file)", path: environment.path)
    }
  }
}
