internal import TesseraWire

/// Every limit of a model description and of its tensors, each with its reason.
///
/// A description is read from a file that somebody else wrote, so each count is checked before
/// anything is sized from it.
public enum ModelLimits {
  /// `model.json` in bytes: a vocabulary of `tableRowsMax` entries of 30 bytes, each with its quotation
  /// marks and comma, fits.
  public static let jsonBytesMax = 128 << 20
  /// How deep arrays and objects may be nested in any JSON that is read: ten times what the formats need,
  /// and a reader's stack and an error's path stay small.
  public static let jsonDepthMax = 64
  /// Values in one JSON text: two vocabularies of the largest size, and the rest. A value of two bytes takes
  /// about forty in memory, so it bounds what a small text can make a reader hold.
  public static let jsonValuesMax = 10_000_000
  /// Arrays and objects in one JSON text: a manifest has four for each of `tensorsMax` tensors, all aliases of
  /// a large registry with their histories several times as many. An object of eight bytes takes some two
  /// hundred in memory.
  public static let jsonContainersMax = 1 << 20
  /// Input columns of one model: as many as a concat of them all may have. A signature may join the
  /// columns of several versions, so the wire protocol allows more.
  public static let inputsMax = nodeInputsMax
  /// Outputs: the wire protocol's outputs of one signature.
  public static let outputsMax = Limits.outputsMax
  /// Nodes. Ten times the largest model seen; keeps validation and plans printable.
  public static let nodesMax = 256
  /// Inputs of one node: a concat of every input column.
  public static let nodeInputsMax = 64
  /// Bytes of a name: the wire protocol's limit of a column's or an output's.
  public static let nameBytesMax = Limits.nameBytesMax
  /// Events of one user: the wire protocol's limit.
  public static let eventsMax = Limits.eventsMax
  /// Coupons of one user: the wire protocol's limit.
  public static let couponsMax = Limits.couponsMax
  /// Entries of one vocabulary or hash buckets: an embedding table of this many rows and 64
  /// columns is 256 MB in int8. `jsonBytesMax` has room for such a vocabulary.
  public static let tableRowsMax = 4_000_000
  /// Bytes of one vocabulary entry: the wire protocol carries a string's length in one byte.
  public static let vocabularyEntryBytesMax = Limits.stringBytesMax
  /// Boundaries of a bucketised number; found by binary search for every row.
  public static let boundariesMax = 1_024
  /// Width of a vector. 127 · 127 · 16,384 = 264 million: an int32 accumulator cannot overflow.
  public static let widthMax = 16_384
  /// Numbers in a row of a vector input or of an output: the wire protocol's limit.
  public static let vectorWidthMax = Limits.vectorWidthMax
  /// Numbers of the answer to one user with as many coupons as the model takes: the wire protocol's limit of an
  /// answer, so that every user can be answered.
  public static let numbersMax = Limits.numbersMax
  /// Units of a recurrent layer: its weights (of an LSTM 4·u·u bytes in int8) should fit in a level 2 cache;
  /// 1,024 units are 4 MB.
  public static let recurrentUnitsMax = 1_024
  /// Layers of one recurrent or transformer node.
  public static let layersMax = 24
  /// Rows of a window, from one to the next, and between its rows: more would reach beyond every history.
  public static let windowMax = Limits.eventsMax
  /// Heads of a transformer.
  public static let headsMax = 64
  /// Numbers in one tensor: offsets into it stay below 2³¹, also in bytes of float32 (2 GB).
  public static let tensorElementsMax = 1 << 29
  /// Tensors in one safetensors file: far above what the limits on nodes and layers can need.
  public static let tensorsMax = 16_384
  /// Bytes of a safetensors header: 16,384 tensors at about 250 bytes each.
  public static let safetensorsHeaderBytesMax = 4 << 20
  /// Dimensions of a tensor: every tensor of a model is a vector or a matrix.
  public static let dimensionsMax = 2
  /// Faults of tensors that one message names: a renamed layer has a few, a wrong file has hundreds.
  static let faultsShownMax = 8
}
