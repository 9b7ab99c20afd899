import Glibc

/// The bytes of a regular file; `nil` when there is none. Its size is looked at before anything is
/// allocated, and not more than that is read.
func readFile(_ path: String, bytesMax: Int) throws(RegistryError) -> [UInt8]? {
  // The path is read only during the call.
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  if descriptor < 0 && errno == ENOENT { return nil }
  guard descriptor >= 0 else { throw unreadable(path) }
  defer { close(descriptor) }
  var status = stat()
  // A whole struct of the size that the call expects.
  guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path) }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw RegistryError(.unreadableFile, at: path, "is not a file")
  }
  let size = Int(status.st_size)
  guard size <= bytesMax else {
    throw RegistryError(.limit, at: path, "has \(size) bytes; at most \(bytesMax) are read")
  }
  var failure: CInt = 0
  // At most `size` bytes are written to the buffer, and as many are said to be there.
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
    while filled < size {
      let count = unsafe read(descriptor, buffer.baseAddress?.advanced(by: filled), size - filled)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { failure = errno }
      if count <= 0 { return }
      filled += count
    }
  }
  guard failure == 0 else { throw unreadable(path, number: failure) }
  guard bytes.count == size else {
    throw RegistryError(
      .unreadableFile, at: path, "became shorter while it was read; import a folder at rest")
  }
  return bytes
}

/// Refuses what is not a folder, so that nobody looks for a file in it.
func checkFolder(_ path: String) throws(RegistryError) {
  var status = stat()
  // A whole struct of the size that the call expects.
  guard unsafe stat(path, &status) == 0 else {
    guard errno == ENOENT else { throw unreadable(path) }
    throw RegistryError(.unreadableFile, at: path, "there is no such folder")
  }
  guard status.st_mode & S_IFMT == S_IFDIR else {
    throw RegistryError(
      .unreadableFile, at: path, "is not a folder; give the one that model.json is in")
  }
}

private func unreadable(_ path: String, number: CInt = errno) -> RegistryError {
  // The text is copied before the call's buffer can be used again.
  let reason = unsafe String(cString: strerror(number))
  return RegistryError(.unreadableFile, at: path, "cannot be read: \(reason)")
}
