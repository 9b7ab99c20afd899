// The manifest: a version's content, said in JSON. Its SHA-256 is what a version and an alias point to, so
// it pins everything below it. Names, times and notes stand elsewhere: the same content has the same
// digest in every registry, and can be signed and moved.

public import ModelGraph

/// What a version consists of. Schema: `Registry/FORMAT.md`.
public struct Manifest: Hashable, Sendable, Codable {
  /// How the matrices of a version are stored.
  public enum Precision: String, Hashable, Sendable, Codable, CaseIterable {
    /// Matrices in int8 with a scale per row but those whose scores that would move too far; everything else float32.
    case auto
    /// All matrices in int8.
    case int8
    /// Everything float32: the reference.
    case float32
  }

  /// How the numbers of a tensor are stored.
  public enum DType: String, Hashable, Sendable, Codable {
    /// int8 with a scale per row.
    case int8
    /// float32.
    case float32
  }

  /// A stored blob with both of its sizes.
  public struct Blob: Hashable, Sendable, Codable {
    /// SHA-256 of the stored bytes, which is the blob's key.
    public var digest: Digest
    /// Bytes as stored: one zstd frame.
    public var storedBytes: Int
    /// Bytes of the frame's content.
    public var rawBytes: Int

    enum CodingKeys: String, CodingKey {
      case digest
      case storedBytes = "stored_bytes"
      case rawBytes = "raw_bytes"
    }
  }

  /// A tensor and its blob.
  public struct Tensor: Hashable, Sendable, Codable {
    /// The name that the description uses.
    public var name: String
    /// `int8` or `float32`.
    public var dtype: DType
    /// Row-major.
    public var shape: [Int]
    /// The payload.
    public var blob: Blob
    /// How far int8 lies from the float32 it was made of; only with dtype `int8`.
    public var quantisation: Quantisation?
  }

  /// The error of quantising one tensor.
  public struct Quantisation: Hashable, Sendable, Codable {
    /// Largest |dequantised − original|.
    public var maxAbsoluteError: Float
    /// √(Σ (dequantised − original)² / Σ original²).
    public var relativeRMSError: Float

    enum CodingKeys: String, CodingKey {
      case maxAbsoluteError = "max_absolute_error"
      case relativeRMSError = "relative_rms_error"
    }
  }

  /// SHA-256 of the files that were imported, so that a version can be traced to its training run
  /// and the same files are recognised.
  public struct Sources: Hashable, Sendable, Codable {
    /// Of `model.json`.
    public var description: Digest
    /// Of `weights.safetensors`.
    public var weights: Digest
    /// Of `warmup.frames`, if there was one.
    public var warmup: Digest?
    /// Of `metrics.json`, if there was one.
    public var metrics: Digest?
    /// Of `golden.frames`, if there was one.
    public var goldenFrames: Digest?
    /// Of `golden.safetensors`, if there was one.
    public var goldenScores: Digest?
  }

  /// `RegistryLimits.formatVersion`.
  public var format: Int
  /// `model`: a manifest cannot be taken for one of another kind of object.
  public var kind: String
  /// How the matrices are stored.
  public var precision: Precision
  /// `model.json`, byte for byte.
  public var description: Blob
  /// In the order in which the graph first uses them.
  public var tensors: [Tensor]
  /// `warmup.frames`, byte for byte.
  public var warmup: Blob?
  /// What `metrics.json` said.
  public var metrics: JSONValue?
  /// What the precision does to scores, as it was measured at the import.
  public var effect: JSONValue?
  /// Where it came from.
  public var sources: Sources

  /// Every blob with what it is, description first.
  public var blobs: [(place: String, blob: Blob)] {
    var all = [(place: "description", blob: description)]
    all += tensors.map { (place: "tensor \"\($0.name)\"", blob: $0.blob) }
    if let warmup { all.append((place: "warm-up", blob: warmup)) }
    return all
  }

  /// Bytes of all blobs as stored.
  public var storedBytes: Int { blobs.reduce(0) { $0 + $1.blob.storedBytes } }
}
