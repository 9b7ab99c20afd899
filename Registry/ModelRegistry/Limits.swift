import ModelGraph
import TesseraWire

/// Every limit of a registry, with its reason. `Registry/FORMAT.md` lists the same figures; a test
/// compares the two.
public enum RegistryLimits {
  /// The format that this code writes and the only one that it reads.
  public static let formatVersion = 2
  /// Longest name of a kind, an object or an alias: what the wire protocol promises. Three names with
  /// their separators stay far below the longest key of the store.
  public static let nameBytesMax = Limits.nameBytesMax
  /// Raw bytes of one tensor: the numbers that a model description may ask for, as float32. It also
  /// bounds what one damaged record can make a reader allocate.
  public static let tensorBytesMax = MemoryLayout<Float>.size * ModelLimits.tensorElementsMax
  /// Raw bytes of all tensors of a version: what a server can hold twice (old and new version) on a
  /// machine with 16 GiB.
  public static let modelBytesMax = 4 << 30
  /// Bytes of `weights.safetensors`: the tensors and a header of a few megabytes.
  public static let weightsFileBytesMax = modelBytesMax + (8 << 20)
  /// Bytes of `model.json`: the limit of a model description.
  public static let descriptionBytesMax = ModelLimits.jsonBytesMax
  /// Bytes of `warmup.frames`: 64 frames of the largest size. More only delays the swap.
  public static let warmupBytesMax = 64 << 20
  /// Bytes of `golden.frames` and of `golden.safetensors`: some hundred requests of the largest size.
  public static let goldenBytesMax = 64 << 20
  /// Bytes of `metrics.json`. It stands in every manifest, and manifests are read to list versions.
  public static let metricsBytesMax = 64 << 10
  /// Bytes of a manifest: 16,384 tensors at about 400 bytes each, and the metrics.
  public static let manifestBytesMax = 8 << 20
  /// Tensors of a version: the limit of a safetensors file.
  public static let tensorsMax = ModelLimits.tensorsMax
  /// Versions that share an alias's requests. A split compares a few versions.
  public static let sharesMax = 8
  /// Versions that watch beside them: each costs the compute of a whole one.
  public static let shadowsMax = 8
  /// Aliases that one transaction moves: a fleet's, and its audit records stay one page each.
  public static let movesMax = 64
  /// Versions that the aliases of models point to, in all: a server holds 64, and eight of these are for those
  /// on their way in or out. Many more would be promoted and never served.
  public static let liveVersionsMax = 56
  /// Aliases of models: what a server follows. Ten aliases of twenty models.
  public static let aliasesMax = 256
  /// What nothing needs any more is kept this long before `gc` reclaims it, in seconds: a day, since a
  /// server that was told to load a version may still be reading it, and a mistake is noticed by then.
  public static let graceSeconds = 86_400
  /// The longest that `gc` can be told to wait: ten years, as good as for ever.
  public static let graceSecondsMax = 3_650 * 86_400
  /// Targets an alias remembers for rollback. Older ones fall off: nobody goes back 64 promotions
  /// by rolling back, and the record stays small enough to be read at every poll.
  public static let aliasHistoryMax = 64
  /// Bytes of a note or of a reason. It is a sentence, kept for ever.
  public static let noteBytesMax = 1_024
  /// Bytes of who did it: a user name and a host name.
  public static let whoBytesMax = 256
  /// Level of the zstd frames. Weights hardly compress at any level, descriptions do at every one;
  /// this is zstd's own default.
  static let compressionLevel: Int32 = 3
}
