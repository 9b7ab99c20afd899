internal import CKernels

/// The sizes that kernels take, each with its reason.
public enum KernelLimits {
  /// Outputs or depth of one matrix: three times the widest vector, for the queries, keys and values of a
  /// transformer. An int32 holds 255·127·65,536.
  public static let matrixSideMax = 49_152
  /// Bytes to which packed weights and scratch are aligned: a cache line, a 512-bit vector, a row of
  /// an AMX tile.
  public static let alignmentBytes = Int(TSR_ALIGNMENT)
  /// The rows of an AMX tile: see ``paddedRows(_:)``.
  public static let rowStep = Int(TSR_ROW_STEP)

  /// Lookups of one layer: a kernel keeps their addresses for 32 users on its stack.
  public static let lookupsMax = Int(TSR_LOOKUPS_MAX)

  /// Bytes up to which a folded table stays float32: what lies in a level 1 or 2 cache beside the rest.
  public static let floatLookupBytesMax = 64 << 10

  /// Units of a recurrent layer as its matrices are packed: rounded up to a vector.
  public static func paddedUnits(_ units: Int) -> Int {
    tsr_rounded_up(units, Int(TSR_LANES))
  }

  /// Bytes of one quantised row, padding included.
  public static func paddedColumns(_ columns: Int) -> Int { tsr_padded(columns) }

  /// Rows for which a buffer of quantised rows (and of their scales) needs room: rounded up to a tile
  /// and one tile more, because a tile may begin at any row.
  public static func paddedRows(_ rows: Int) -> Int { (rows + 2 * rowStep - 1) / rowStep * rowStep }
}
