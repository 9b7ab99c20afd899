/// Folding: a row of an embedding table times a layer's input weights depends on the model alone, so it
/// is taken once for each row of the table. What is left at run time is a lookup and an addition.
extension KernelTable {
  /// table · weightsᵀ: rows `[table.rows, weights.packedOutputs]`, for `recurrence` to look up.
  ///
  /// Rows become int8 with a scale each, as the table's own; a table of at most
  /// ``KernelLimits/floatLookupBytesMax`` stays float32, which is then read faster than int8 is widened.
  /// Every table of kernels makes the same numbers.
  ///
  /// - Parameter weights: float32 `[outputs, table.width]` without bias.
  /// - Complexity: O(table.rows · outputs · table.width).
  public func folded(_ table: EmbeddingTable, through weights: PackedMatrix) -> EmbeddingTable {
    precondition(!weights.isInt8 && weights.depth == table.width)
    let width = weights.packedOutputs
    let isFloat = 4 * table.rows * width <= KernelLimits.floatLookupBytesMax
    var floats: [Float] = []
    var bytes: [Int8] = []
    var scales: [Float] = []
    let rowsAtOnce = 64
    let padded = KernelLimits.paddedColumns(width)
    let rowsPadded = KernelLimits.paddedRows(rowsAtOnce)
    let alignment = KernelLimits.alignmentBytes
    // Each block holds `rowsAtOnce` rows of its kind with their padding and lives until the end of this call.
    let ids = UnsafeMutablePointer<Int32>.allocate(capacity: rowsAtOnce)
    let rows = UnsafeMutablePointer<Float>.allocate(capacity: rowsAtOnce * table.width)
    let products = UnsafeMutablePointer<Float>.allocate(capacity: rowsAtOnce * width)
    let values = UnsafeMutableRawPointer.allocate(
      byteCount: rowsPadded * padded, alignment: alignment)
    let rowScales = UnsafeMutablePointer<Float>.allocate(capacity: rowsPadded)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: Self.scratchBytes(product: weights), alignment: alignment)
    defer {
      // The six blocks from above.
      unsafe ids.deallocate()
      unsafe rows.deallocate()
      unsafe products.deallocate()
      unsafe values.deallocate()
      unsafe rowScales.deallocate()
      unsafe scratch.deallocate()
    }
    for first in stride(from: 0, to: table.rows, by: rowsAtOnce) {
      let count = min(rowsAtOnce, table.rows - first)
      // Below `rowsAtOnce`.
      for index in 0..<count { unsafe ids[index] = Int32(first + index) }
      // Blocks from above, each with room for `count` rows.
      let output = unsafe FloatRows(products, stride: width)
      unsafe gather(
        table, ids: ids, rows: count, into: FloatRows(rows, stride: table.width))
      unsafe product(
        weights, .float(FloatRows(rows, stride: table.width)), rows: count, into: output,
        scratch: scratch)
      if isFloat {
        // `products` holds so many.
        unsafe floats.append(
          contentsOf: UnsafeBufferPointer(start: products, count: count * width))
        continue
      }
      // As above.
      let quantised = unsafe QuantisedRows(values: values, scales: rowScales)
      unsafe quantise(output, rows: count, columns: width, into: quantised)
      for row in 0..<count {
        for column in 0..<width {
          // The stored byte is the value + 128.
          unsafe bytes.append(Int8(bitPattern: quantised.values[row * padded + column] ^ 128))
        }
        unsafe scales.append(rowScales[row])
      }
    }
    return isFloat
      ? EmbeddingTable(float: floats, rows: table.rows, width: width)
      : EmbeddingTable(int8: bytes, scales: scales, rows: table.rows, width: width)
  }
}
