// A manifest is believed only after its size, its digest, its schema and its own figures.

import LMDBStore

extension Manifest {
  /// Reads a stored manifest: size, digest, schema, in this order.
  package init(
    verifying bytes: [UInt8]?, digest: Digest, of model: String, version: UInt32
  ) throws(RegistryError) {
    let place = "\(model) version \(version): manifest \(digest)"
    guard let bytes else { throw RegistryError(.damaged, at: place, "is missing") }
    guard bytes.count <= RegistryLimits.manifestBytesMax else {
      throw RegistryError(
        .damaged, at: place,
        "has \(bytes.count) bytes, more than \(RegistryLimits.manifestBytesMax)")
    }
    guard Digest(of: bytes) == digest else {
      throw RegistryError(.damaged, at: place, "the stored bytes have another digest")
    }
    self = try CanonicalJSON.decode(Manifest.self, from: bytes, at: place)
    guard format == RegistryLimits.formatVersion, kind == RegistryKind.model.description else {
      throw RegistryError(
        .unknownFormat, at: place, "is of kind \"\(kind)\" and format \(format), which is not known"
      )
    }
    try checkLimits(at: place, code: .damaged)
  }

  /// Counts and sizes, before anything is sized or summed from them.
  func checkLimits(at place: String, code: RegistryError.Code) throws(RegistryError) {
    guard tensors.count <= RegistryLimits.tensorsMax else {
      throw RegistryError(
        code, at: place, "lists \(tensors.count) tensors, more than \(RegistryLimits.tensorsMax)")
    }
    for (name, blob) in blobs {
      guard (0...RegistryLimits.tensorBytesMax).contains(blob.rawBytes),
        (0...StoreLimits.valueBytesMax).contains(blob.storedBytes)
      else {
        throw RegistryError(
          code, at: "\(place): \(name)",
          "has \(blob.rawBytes) bytes, \(blob.storedBytes) stored; at most "
            + "\(RegistryLimits.tensorBytesMax) and \(StoreLimits.valueBytesMax) are allowed")
      }
    }
    let total = tensors.reduce(0) { $0 + $1.blob.rawBytes }
    guard total <= RegistryLimits.modelBytesMax else {
      throw RegistryError(
        code, at: place,
        "the tensors have \(total) bytes, more than \(RegistryLimits.modelBytesMax)")
    }
  }
}
