public import ModelGraph

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

  /// A blob to be read: which, the most it may hold, and what it is, for messages.
  package typealias Content = (
    _ blob: Manifest.Blob, _ rawBytesMax: Int, _ place: String
  ) throws(RegistryError) -> [UInt8]

  /// Puts a version together from its verified manifest and the contents of its blobs, which come from
  /// wherever `content` has them.
  ///
  /// The graph is known before the first tensor is asked for, and only tensors that it needs, in the
  /// shapes that it needs, are asked for: a manifest cannot make a reader hold more than its graph.
  package init(
    name: String, version: UInt32, digest: Digest, manifest: Manifest, content: Content
  ) throws(RegistryError) {
    let place = "\(name) version \(version)"
    (self.name, self.version, self.digest, self.manifest) = (name, version, digest, manifest)
    let json = try content(
      manifest.description, RegistryLimits.descriptionBytesMax, "\(place): description")
    do throws(ModelError) {
      description = try ModelDescription(json: json)
      graph = try TypedGraph(description)
    } catch {
      throw RegistryError(.damaged, at: "\(place): description", error.description)
    }
    var missing = Dictionary(graph.requiredTensors.map { ($0.name, $0) }) { first, _ in first }
    guard manifest.tensors.count == missing.count else {
      throw RegistryError(
        .damaged, at: place,
        "the manifest lists \(manifest.tensors.count) tensors, the graph needs \(missing.count)")
    }
    tensors = []
    for entry in manifest.tensors {
      let place = "\(place): tensor \"\(entry.name)\""
      // Each once: a tensor that stands there again would be held again.
      guard missing.removeValue(forKey: entry.name)?.fits(entry.shape) == true else {
        throw RegistryError(
          .damaged, at: place, "the graph needs none, or no other one, of shape \(entry.shape)")
      }
      guard
        let expected = TensorData.payloadBytes(shape: entry.shape, dtype: entry.dtype),
        expected == entry.blob.rawBytes
      else {
        throw RegistryError(
          .damaged, at: place,
          "the manifest says \(entry.blob.rawBytes) bytes for \(entry.dtype) \(entry.shape)")
      }
      tensors.append(
        TensorData(
          name: entry.name, shape: entry.shape, dtype: entry.dtype,
          payload: try content(entry.blob, expected, place)))
    }
    do throws(ModelError) {
      try graph.validate(tensors)
    } catch {
      throw RegistryError(.damaged, at: place, error.description)
    }
    warmup = []
    if let blob = manifest.warmup {
      warmup = try content(blob, RegistryLimits.warmupBytesMax, "\(place): warm-up")
    }
  }
}
