// Importing a folder. Everything is read, checked, quantised and compressed before the transaction
// begins; a refused model therefore writes nothing, and the writer's lock is held for milliseconds.

import LMDBStore
public import ModelGraph

/// What an import did.
public struct ImportResult: Hashable, Sendable {
  /// The version: the new one, or the one that was made from the same files before.
  public var version: UInt32
  /// The model's name.
  public var model: String
  /// The manifest's digest.
  public var digest: Digest
  /// What the version consists of.
  public var manifest: Manifest
  /// False when the same files were imported before with the same precision.
  public var isNew: Bool
  /// Stored blobs that were missing or damaged and have been written again from the same content.
  public var repairedBlobs: Int
}

/// A model folder that was read, checked, quantised and compressed: what an import writes.
public struct PreparedModel: Sendable {
  let model: ObjectName
  let manifest: Manifest
  let blobs: [Digest: [UInt8]]
  let change: Change

  /// Quantises and compresses a folder that was read. Needs no registry.
  ///
  /// - Parameters:
  ///   - name: the model's name; without it, the one in `model.json`.
  ///   - kept: matrices that stay float32, with the precision `auto`.
  ///   - effect: what the precision does to scores; stored with the version.
  ///   - change: who and when; its reason is kept as the version's note.
  ///   - progress: called with tensors done and tensors in all.
  /// - Throws: `limit`, `badName`.
  public init(
    _ source: SourceFolder, name: String? = nil, precision: Manifest.Precision,
    keeping kept: Set<String> = [], effect: JSONValue? = nil, change: Change,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(RegistryError) {
    try change.check()
    let model = try ObjectName(model: name ?? source.graph.description.name)

    var blobs: [Digest: [UInt8]] = [:]
    func store(_ raw: [UInt8]) -> Manifest.Blob {
      let frame = ZstdFrame.compress(raw)
      let digest = Digest(of: frame)
      blobs[digest] = frame
      return Manifest.Blob(digest: digest, storedBytes: frame.count, rawBytes: raw.count)
    }

    var tensors: [Manifest.Tensor] = []
    progress(0, source.tensors.count)
    let quantisable = Set(source.graph.requiredTensors.filter(\.isQuantisable).map(\.name))
    for tensor in source.tensors {
      var (stored, quantisation) = (tensor, Manifest.Quantisation?.none)
      if precision != .float32, quantisable.contains(tensor.name), !kept.contains(tensor.name) {
        let (quantised, report) = tensor.quantised()
        stored = quantised
        quantisation = Manifest.Quantisation(
          maxAbsoluteError: report.maxAbsoluteError, relativeRMSError: report.relativeRMSError)
      }
      tensors.append(
        Manifest.Tensor(
          name: stored.name, dtype: stored.isQuantised ? .int8 : .float32, shape: stored.shape,
          blob: store(stored.payload), quantisation: quantisation))
      progress(tensors.count, source.tensors.count)
    }
    manifest = Manifest(
      format: RegistryLimits.formatVersion, kind: model.kind.text, precision: precision,
      description: store(source.description), tensors: tensors,
      warmup: source.warmup.map(store), metrics: source.metrics, effect: effect,
      sources: source.digests)
    try manifest.checkLimits(at: model.name.text, code: .limit)
    self.model = model
    self.blobs = blobs
    self.change = change
  }
}

extension Registry {
  /// Imports a folder as the next version of a model: ``PreparedModel``, then ``add(_:)``.
  ///
  /// - Throws: as the two; nothing has been written then.
  @discardableResult
  public func importModel(
    folder: String, name: String? = nil, precision: Manifest.Precision = .int8, change: Change
  ) throws(RegistryError) -> ImportResult {
    try add(
      PreparedModel(
        SourceFolder(path: folder), name: name, precision: precision, change: change))
  }

  /// Adds a model as the next version.
  ///
  /// The same files with the same precision give the version that they gave before; should blobs of
  /// it have been damaged since, they are written again.
  ///
  /// - Throws: `readOnly`, `limit`, `store`. Nothing has been written then.
  @discardableResult
  public func add(_ prepared: PreparedModel) throws(RegistryError) -> ImportResult {
    guard environment.access == .readWrite else {
      throw RegistryError(.readOnly, at: path, "opened for reading only; nothing was changed")
    }
    return try write(
      prepared.manifest, blobs: prepared.blobs, model: prepared.model, change: prepared.change)
  }

  private func write(
    _ manifest: Manifest, blobs: [Digest: [UInt8]], model: ObjectName, change: Change
  ) throws(RegistryError) -> ImportResult {
    let bytes = CanonicalJSON.encode(manifest)
    let digest = Digest(of: bytes)
    guard bytes.count <= RegistryLimits.manifestBytesMax else {
      throw RegistryError(
        .limit, at: "manifest",
        "has \(bytes.count) bytes, more than \(RegistryLimits.manifestBytesMax)")
    }
    // What could not be read again is not written: metrics that are nested as deep as a file may be stand
    // one level deeper in a manifest.
    _ = try CanonicalJSON.decode(Manifest.self, from: bytes, at: "manifest", code: .limit)
    let content = manifest.content
    return try write { transaction throws(RegistryError) in
      if let (version, record) = try transaction.reading.version(of: model, madeFrom: content) {
        return try transaction.repair(
          version, record, of: model, with: (digest: digest, bytes: bytes, blobs: blobs))
      }
      let last = try transaction.reading.lastVersion(of: model)
      guard last < UInt32.max else {
        throw RegistryError(.limit, at: "model \(model.words)", "has no version numbers left")
      }
      let repaired = try transaction.putMissing(blobs).damaged
      try transaction.put(bytes, digest.bytes, in: .manifests)
      let record = VersionRecord(
        manifest: digest, content: content, created: CanonicalJSON.timestamp(change.now),
        note: change.why)
      try transaction.put(record: record, Key.version(model, last + 1), in: .versions)
      try transaction.audit(.importVersion, model, version: last + 1, by: change)
      return ImportResult(
        version: last + 1, model: model.name.text, digest: digest, manifest: manifest, isNew: true,
        repairedBlobs: repaired)
    }
  }
}

extension Manifest {
  /// One digest over everything that decides what a version contains.
  package var content: Digest {
    struct Content: Encodable {
      var precision: Precision
      var sources: Sources
    }
    return Digest(of: CanonicalJSON.encode(Content(precision: precision, sources: sources)))
  }
}

extension ReadTransaction {
  /// The first version of a model that was made from this content. Versions that cannot be read do not
  /// stop an import: they are not it.
  fileprivate func version(
    of model: ObjectName, madeFrom content: Digest
  ) throws(RegistryError) -> (UInt32, VersionRecord)? {
    for entry in try versions(of: model) {
      if let record = entry.state.record, record.content == content {
        return (entry.version, record)
      }
    }
    return nil
  }
}

extension WriteTransaction {
  /// What was imported again is written again where it is damaged: the manifest, when it is the same one,
  /// and every blob that is.
  fileprivate func repair(
    _ version: UInt32, _ record: VersionRecord, of model: ObjectName,
    with made: (digest: Digest, bytes: [UInt8], blobs: [Digest: [UInt8]])
  ) throws(RegistryError) -> ImportResult {
    var stored = try reading.value(record.manifest.bytes, in: .manifests)
    if made.digest == record.manifest && stored != made.bytes {
      try put(made.bytes, made.digest.bytes, in: .manifests)
      stored = made.bytes
    }
    let manifest = try Manifest(
      verifying: stored, digest: record.manifest, of: model.name.text, version: version)
    var own: [Digest: [UInt8]] = [:]
    for (_, blob) in manifest.blobs { own[blob.digest] = made.blobs[blob.digest] }
    return ImportResult(
      version: version, model: model.name.text, digest: record.manifest, manifest: manifest,
      isNew: false, repairedBlobs: try putMissing(own).replaced)
  }

  /// Stores blobs that are not there, or are there with other bytes than their digest says.
  ///
  /// - Returns: how many were written at all, and how many of those replaced damaged bytes.
  fileprivate func putMissing(
    _ blobs: [Digest: [UInt8]]
  ) throws(RegistryError) -> (replaced: Int, damaged: Int) {
    var (replaced, damaged) = (0, 0)
    for (digest, frame) in blobs {
      let stored = try reading.value(digest.bytes, in: .blobs)
      if stored == frame { continue }
      try put(frame, digest.bytes, in: .blobs)
      replaced += 1
      if stored != nil { damaged += 1 }
    }
    return (replaced, damaged)
  }
}
