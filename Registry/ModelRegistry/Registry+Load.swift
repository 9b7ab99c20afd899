// Loading a version. Nothing is believed: stored size, digest, claimed size, content, shape, graph
// are checked in this order, so that the cheap check stands before the dear one and nothing is
// allocated on the word of a damaged record.

import LMDBStore

extension Registry {
  /// Loads and verifies a version.
  ///
  /// Each blob is copied in a read transaction of its own, so a writer never waits for more than one
  /// copy; blobs do not change, so the copies belong together all the same.
  ///
  /// - Parameter pinned: the manifest that the version must have, when something says so.
  /// - Throws: `unknownModel`, `unknownVersion`, or `damaged` with the place and digest of the first
  ///   blob that is not what the manifest says.
  /// - Complexity: linear in the bytes; holds a tensor's stored bytes, payload and numbers at once.
  ///   `tessera-registry verify` does the same for every version and can be timed.
  public func load(
    model: String, version: UInt32, pinned: Digest? = nil
  ) throws(RegistryError) -> StoredModel {
    let (digest, manifest) = try manifest(model: model, version: version, pinned: pinned)
    return try StoredModel(name: model, version: version, digest: digest, manifest: manifest) {
      blob, rawBytesMax, place throws(RegistryError) in
      try content(of: blob, rawBytesMax: rawBytesMax, at: place)
    }
  }

  /// A blob's content: stored size, digest, claimed size, content size.
  package func content(
    of blob: Manifest.Blob, rawBytesMax: Int, at place: String
  ) throws(RegistryError) -> [UInt8] {
    guard (0...rawBytesMax).contains(blob.rawBytes) else {
      throw RegistryError(
        .damaged, at: "\(place): blob \(blob.digest)",
        "the manifest says \(blob.rawBytes) bytes of content; at most \(rawBytesMax) are allowed")
    }
    return try blob.decompress(
      storedBytes(of: blob, at: place), at: "\(place): blob \(blob.digest)")
  }

  /// The bytes of a blob, of the stored size and with the digest that they should have.
  func storedBytes(of blob: Manifest.Blob, at place: String) throws(RegistryError) -> [UInt8] {
    let place = "\(place): blob \(blob.digest)"
    // The size is looked at in place: a blob of the wrong size is not even copied.
    let found = try read { transaction throws(RegistryError) in
      do throws(StoreError) {
        return try transaction.withValue(for: blob.digest.bytes, in: Table.blobs.rawValue) {
          (bytes: $0.byteCount == blob.storedBytes ? $0.copy() : nil, count: $0.byteCount)
        }
      } catch {
        throw RegistryError(store: error)
      }
    }
    guard let found else { throw RegistryError(.damaged, at: place, "is missing") }
    guard let bytes = found.bytes else {
      throw RegistryError(
        .damaged, at: place, "has \(found.count) bytes where \(blob.storedBytes) are expected")
    }
    try blob.check(stored: bytes, at: place)
    return bytes
  }
}

extension Manifest.Blob {
  /// What the stored bytes hold, once size, digest, claimed size and content size are as they
  /// should be.
  package func content(
    ofStored bytes: [UInt8], at place: String
  ) throws(RegistryError) -> [UInt8] {
    try check(stored: bytes, at: place)
    return try decompress(bytes, at: place)
  }

  fileprivate func check(stored bytes: [UInt8], at place: String) throws(RegistryError) {
    guard bytes.count == storedBytes else {
      throw RegistryError(
        .damaged, at: place, "has \(bytes.count) bytes where \(storedBytes) are expected")
    }
    guard Digest(of: bytes) == digest else {
      throw RegistryError(.damaged, at: place, "the stored bytes have another digest")
    }
  }

  fileprivate func decompress(_ bytes: [UInt8], at place: String) throws(RegistryError) -> [UInt8] {
    do throws(FrameError) {
      return try ZstdFrame.decompress(bytes, rawBytes: rawBytes)
    } catch {
      throw RegistryError(.damaged, at: place, error.message)
    }
  }
}
