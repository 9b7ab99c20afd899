// The folder that an import reads: files with their limits, checked against each other.

public import ModelGraph
import TesseraWire

/// A model folder that has been read and found to be a model.
public struct SourceFolder: Sendable {
  /// `model.json`, byte for byte.
  let description: [UInt8]
  /// What it describes.
  public let graph: TypedGraph
  /// In the order of the graph's first use, in float32.
  public let tensors: [TensorData]
  /// `warmup.frames`, every frame of which decodes.
  public let warmup: [UInt8]?
  /// `golden.frames` and `golden.safetensors`, read by nobody yet.
  public let golden: (frames: [UInt8], scores: [UInt8])?
  let metrics: JSONValue?
  let digests: Manifest.Sources

  /// Reads `model.json`, `weights.safetensors`, and what else there is.
  ///
  /// - Throws: `unreadableFile`, `refusedModel` with file and place, `limit`.
  public init(path: String) throws(RegistryError) {
    let names = (
      description: "model.json", weights: "weights.safetensors", warmup: "warmup.frames",
      metrics: "metrics.json", frames: "golden.frames", scores: "golden.safetensors"
    )
    try checkFolder(path)
    description = try Self.required(
      path, names.description, bytesMax: RegistryLimits.descriptionBytesMax)
    let weights = try Self.required(
      path, names.weights, bytesMax: RegistryLimits.weightsFileBytesMax)
    warmup = try Self.optional(path, names.warmup, bytesMax: RegistryLimits.warmupBytesMax)
    let metricsBytes = try Self.optional(
      path, names.metrics, bytesMax: RegistryLimits.metricsBytesMax)
    golden = try Self.pair(path, names.frames, names.scores)

    do throws(ModelError) {
      graph = try TypedGraph(try ModelDescription(json: description))
    } catch {
      throw RegistryError(error, in: "\(path)/\(names.description)")
    }
    do throws(ModelError) {
      tensors = try Self.tensors(weights, for: graph)
    } catch {
      throw RegistryError(error, in: "\(path)/\(names.weights)")
    }
    if let warmup {
      try Self.check(warmup: warmup, signature: graph.signature, at: "\(path)/\(names.warmup)")
    }
    metrics = try metricsBytes.map { bytes throws(RegistryError) in
      try CanonicalJSON.decode(
        JSONValue.self, from: bytes, at: "\(path)/\(names.metrics)", code: .refusedModel)
    }
    digests = Manifest.Sources(
      description: Digest(of: description), weights: Digest(of: weights),
      warmup: warmup.map { Digest(of: $0) }, metrics: metricsBytes.map { Digest(of: $0) },
      goldenFrames: golden.map { Digest(of: $0.frames) },
      goldenScores: golden.map { Digest(of: $0.scores) })
  }

  /// Two files that mean nothing without each other.
  private static func pair(
    _ path: String, _ frames: String, _ scores: String
  ) throws(RegistryError) -> (frames: [UInt8], scores: [UInt8])? {
    let bytesMax = RegistryLimits.goldenBytesMax
    let found = (
      try optional(path, frames, bytesMax: bytesMax), try optional(path, scores, bytesMax: bytesMax)
    )
    switch found {
    case (let frames?, let scores?): return (frames, scores)
    case (nil, nil): return nil
    case (nil, .some), (.some, nil):
      throw RegistryError(
        .unreadableFile, at: path,
        "has one of \(frames) and \(scores); requests and scores belong together")
    }
  }

  private static func tensors(
    _ weights: [UInt8], for graph: TypedGraph
  ) throws(ModelError) -> [TensorData] {
    let tensors = try SafetensorsFile(bytes: weights).tensors
    try graph.validate(tensors)
    // Validated: every required tensor is there, exactly once.
    let named = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    return graph.requiredTensors.compactMap { named[$0.name] }
  }

  /// Warm-up requests that do not decode would make every server refuse the version.
  private static func check(
    warmup: [UInt8], signature: Signature, at place: String
  ) throws(RegistryError) {
    var frame = 0
    do throws(WireError) {
      let recorded = try RecordedRequests(decoding: warmup)
      var layout = ScoreLayout()
      for body in recorded.bodies {
        // Bytes have no padding that `bytes` could expose.
        try layout.decode(
          unsafe warmup.span.bytes.extracting(body), signature: signature)
        frame += 1
      }
    } catch {
      throw RegistryError(
        .refusedModel, at: place,
        "frame \(frame): \(error.message); record the warm-up again with this model's signature")
    }
  }

  private static func required(
    _ folder: String, _ name: String, bytesMax: Int
  ) throws(RegistryError) -> [UInt8] {
    guard let bytes = try optional(folder, name, bytesMax: bytesMax) else {
      throw RegistryError(
        .unreadableFile, at: "\(folder)/\(name)",
        "is missing; a model folder holds model.json and weights.safetensors")
    }
    return bytes
  }

  /// `nil` when there is no such file.
  private static func optional(
    _ folder: String, _ name: String, bytesMax: Int
  ) throws(RegistryError) -> [UInt8]? {
    try readFile("\(folder)/\(name)", bytesMax: bytesMax)
  }
}
