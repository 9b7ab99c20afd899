// Loading a version. Nothing is believed: stored size, digest, claimed size, content, shape, graph
// are checked in this order, so that the cheap check stands before the dear one and nothing is
// allocated on the word of a damaged record.

public import ModelGraph
import LMDBStore

/// A version in memory, verified down to the last byte.
public struct StoredModel: Sendable {
  /// The model's name in the registry.
  public var name: String
  /// The version.
  public var version: UInt32
  /// The digest of the manifest: what exactly was loaded.
  public var digest: Digest
  /// What the version consists of.
  public var manifest: Manifest
  /// The signature and the graph.
  public var description: ModelDescription
  /// The description, typed; the tensors are validated against it.
  public var graph: TypedGraph
  /// Exactly those that the graph needs.
  public var tensors: [TensorData]
  /// Recorded `SCORE` frames, one after another; empty when none were imported.
  public var warmup: [UInt8]
}

extension Registry {
  /// Loads and verifies a version.
  ///
  /// Each blob is copied in a read transaction of its own, so writers are never kept from reusing
  /// pages; blobs do not change, so the copies belong together all the same.
  ///
  /// - Throws: `unknownModel`, `unknownVersion`, or `damaged` with the place and digest of the first
  ///   blob that is not what the manifest says.
  /// - Complexity: linear in the bytes; holds a tensor's stored bytes, payload and numbers at once.
  ///   `tessera-registry verify` does the same for every version and can be timed.
  public func load(model: String, version: UInt32) throws(RegistryError) -> StoredModel {
    let (digest, manifest) = try manifest(model: model, version: version)
    let place = "\(model) version \(version)"

    let json = try content(
      of: manifest.description, rawBytesMax: RegistryLimits.descriptionBytesMax,
      at: "\(place): description")
    let description: ModelDescription
    let graph: TypedGraph
    do throws(ModelError) {
      description = try ModelDescription(json: json)
      graph = try TypedGraph(description)
    } catch {
      throw RegistryError(.damaged, at: "\(place): description", error.description)
    }

    var tensors: [TensorData] = []
    for entry in manifest.tensors { tensors.append(try tensor(entry, of: place)) }
    do throws(ModelError) {
      try graph.validate(tensors)
    } catch {
      throw RegistryError(.damaged, at: place, error.description)
    }

    var warmup: [UInt8] = []
    if let blob = manifest.warmup {
      warmup = try content(
        of: blob, rawBytesMax: RegistryLimits.warmupBytesMax, at: "\(place): warm-up")
    }
    return StoredModel(
      name: model, version: version, digest: digest, manifest: manifest, description: description,
      graph: graph, tensors: tensors, warmup: warmup)
  }

  private func tensor(
    _ entry: Manifest.Tensor, of version: String
  ) throws(RegistryError) -> TensorData {
    let place = "\(version): tensor \"\(entry.name)\""
    guard
      let expected = TensorData.payloadBytes(shape: entry.shape, dtype: entry.dtype),
      expected == entry.blob.rawBytes
    else {
      throw RegistryError(
        .damaged, at: place,
        "the manifest says \(entry.blob.rawBytes) bytes for \(entry.dtype) \(entry.shape)")
    }
    let payload = try content(of: entry.blob, rawBytesMax: expected, at: place)
    return TensorData(name: entry.name, shape: entry.shape, dtype: entry.dtype, payload: payload)
  }

  /// A blob's content: stored size, digest, claimed size, content size.
  func content(
    of blob: Manifest.Blob, rawBytesMax: Int, at place: String
  ) throws(RegistryError) -> [UInt8] {
    let place = "\(place): blob \(blob.digest)"
    guard (0...rawBytesMax).contains(blob.rawBytes) else {
      throw RegistryError(
        .damaged, at: place,
        "the manifest says \(blob.rawBytes) bytes of content; at most \(rawBytesMax) are allowed")
    }
    // The size is looked at in place: a blob of the wrong size is not even copied.
    let found = try environment.read { transaction throws(RegistryError) in
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
    return try blob.content(ofStored: bytes, at: place)
  }
}

extension Manifest.Blob {
  /// What the stored bytes hold, once size, digest, claimed size and content size are as they
  /// should be.
  package func content(
    ofStored bytes: [UInt8], at place: String
  ) throws(RegistryError) -> [UInt8] {
    guard bytes.count == storedBytes else {
      throw RegistryError(
        .damaged, at: place, "has \(bytes.count) bytes where \(storedBytes) are expected")
    }
    guard Digest(of: bytes) == digest else {
      throw RegistryError(.damaged, at: place, "the stored bytes have another digest")
    }
    do throws(FrameError) {
      return try ZstdFrame.decompress(bytes, rawBytes: rawBytes)
    } catch {
      throw RegistryError(.damaged, at: place, error.message)
    }
  }
}
