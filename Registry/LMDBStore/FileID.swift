import Glibc

/// Which file it is, whatever it is called: a number that no other file has while it is open.
struct FileID: Hashable {
  var device: UInt64
  var inode: UInt64

  private init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// The file that a path names now; `nil` when there is none.
  static func named(_ file: String, in folder: String) throws(StoreError) -> FileID? {
    var status = stat()
    // `status` is a whole struct of the size that the call expects.
    if unsafe stat(file, &status) == 0 { return FileID(status) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw StoreError(.system(errno), during: "stat \(file)", path: folder)
  }

  /// The file behind a descriptor, and its size.
  static func open(
    _ descriptor: CInt, in folder: String
  ) throws(StoreError) -> (id: FileID, bytes: Int) {
    var status = stat()
    // `status` is a whole struct of the size that the call expects.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw StoreError(.system(errno), during: "fstat", path: folder)
    }
    return (FileID(status), Int(status.st_size))
  }
}
