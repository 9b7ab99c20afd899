public import TesseraWire

extension RowCounts {
  /// The largest frame that the wire protocol allows: the least that a server's batch must hold.
  ///
  /// The more a batch holds, the better the products use the processor. Memory is reserved when a
  /// workspace is made and used as far as batches reach.
  public static let oneFrame = RowCounts(
    users: Limits.usersMax, events: Limits.rowsMax, coupons: Limits.rowsMax,
    bagValues: Limits.bagValuesMax)

  /// The rows that pass through all steps together; a larger batch goes through in chunks of users.
  ///
  /// Small enough that what lies between the steps stays in a level 2 cache of 1 to 2 MB (1,024 events
  /// of width 128: 0.5 MB a block); large enough that products have rows to work on, and that a recurrent
  /// layer has 32 users a step. A chunk holds at least one user, whatever its rows. No score depends on it.
  static let chunk = RowCounts(users: 32, events: 1_024, coupons: 1_024)
}

/// Limits of the engine itself.
enum InferenceLimits {
  /// Rows of a batch on one axis: with widths up to 16,384 every offset in bytes fits 64 bits by far,
  /// and row numbers fit the int32 of the kernels.
  static let rowsMax = 1 << 20
  /// Bytes of one workspace. A plan that needs more has widths or limits that are a mistake.
  static let workspaceBytesMax = 8 << 30
  /// Bytes of one folded table, at a byte a number: what stays in a core's level 2 cache beside the
  /// weights. A larger one waits for memory about as long as the product that it saves would take.
  static let foldedBytesMax = 1 << 20
  /// Columns that are multiplied in float32 in an int8 model: those that one int8 instruction takes at once.
  static let narrowWidthMax = 4
  /// Every block begins at a multiple of this: kernels want 64; two cache lines keep the hardware's
  /// pair prefetch of one block out of the next.
  static let blockAlignment = 128
}
