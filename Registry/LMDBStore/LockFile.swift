// The lock of a folder. LMDB's own is not used: it names readers by process id and asks the kernel by
// process id, so that two processes which are both pid 1, each of its own container, take each other
// for themselves. Open file description locks belong to the opening, not to the process: they work
// between containers, between two openings in one process, and vanish with whoever held them.

import Glibc

/// The file `lock` of a folder: any number of readers or one writer.
///
/// Two bytes of it are locked. A reader passes the *door* (shared, given back at once) into the *room*
/// (shared); a writer closes the door and then waits for the room to empty. So a waiting writer lets no
/// new reader in and waits only for those that read already: neither side can starve the other.
struct LockFile: ~Copyable {
  enum Mode {
    case shared, exclusive

    var kind: CInt {
      switch self {
      case .shared: F_RDLCK
      case .exclusive: F_WRLCK
      }
    }
  }

  private enum Place: off_t {
    case door = 0
    case room = 1
  }

  /// `F_OFD_SETLKW` of Linux's `fcntl.h`, on every architecture; the Swift overlay does not have it.
  private static let setAndWait: CInt = 38

  let id: FileID
  private let folder: String
  private let descriptor: CInt

  /// Opens the lock file of a folder, and makes it where it is missing.
  init(folder: String, mode: Mode) throws(StoreError) {
    let file = Self.file(in: folder)
    // An exclusive lock needs a descriptor that may write; readers may have no right to.
    let flags = O_CLOEXEC | (mode == .exclusive ? O_RDWR | O_CREAT : O_RDONLY)
    // The path is read only during the calls.
    var opened = unsafe open(file, flags, 0o644)
    if opened < 0 && errno == ENOENT {
      opened = unsafe open(file, O_CLOEXEC | O_RDWR | O_CREAT, 0o644)
    }
    guard opened >= 0 else {
      throw StoreError(.system(errno), during: "open \(file)", path: folder)
    }
    let id: FileID
    do throws(StoreError) {
      id = try FileID.open(opened, in: folder).id
    } catch {
      close(opened)
      throw error
    }
    self.id = id
    self.folder = folder
    descriptor = opened
  }

  deinit { close(descriptor) }

  static func file(in folder: String) -> String { "\(folder)/lock" }

  /// Waits until the folder may be used so.
  func acquire(_ mode: Mode) throws(StoreError) {
    try set(mode.kind, at: .door)
    do throws(StoreError) {
      try set(mode.kind, at: .room)
      if mode == .shared { try set(F_UNLCK, at: .door) }
    } catch {
      release()
      throw error
    }
  }

  /// Gives back whatever is held. Giving back cannot fail, and closing would do the same.
  func release() {
    try? set(F_UNLCK, at: .room)
    try? set(F_UNLCK, at: .door)
  }

  private func set(_ kind: CInt, at place: Place) throws(StoreError) {
    var range = flock()
    range.l_type = Int16(kind)
    range.l_whence = Int16(SEEK_SET)
    range.l_start = place.rawValue
    range.l_len = 1
    // `range` outlives the call, which reads it.
    while unsafe fcntl(descriptor, Self.setAndWait, &range) != 0 {
      guard errno == EINTR else {
        throw StoreError(.system(errno), during: "lock \(Self.file(in: folder))", path: folder)
      }
    }
  }
}
