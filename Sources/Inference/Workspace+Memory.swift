internal import Kernels
internal import TesseraWire

extension Workspace {
  private func address(_ block: Int) -> UnsafeMutableRawPointer {
    // The map lays every block inside the memory.
    unsafe memory + plan.memoryMap.offsets[block]
  }

  /// The first row of the chunk in a block: blocks of the batch hold the chunks before it, too.
  private func firstRow(_ block: Int) -> Int {
    plan.isBatchWide[block] ? chunk[plan.blocks[block].axis].lowerBound : 0
  }

  private func width(_ block: Int) -> Int {
    guard case .float(let width) = plan.blocks[block].content else {
      preconditionFailure("not a block of float rows")
    }
    return width
  }

  /// A block of ids or offsets from the batch's first row on.
  func batchIDs(_ block: Int) -> UnsafeMutablePointer<Int32> {
    // Blocks are aligned and hold one type.
    unsafe address(block).assumingMemoryBound(to: Int32.self)
  }

  /// Columns of a block of float rows from the batch's first row on.
  func batchRows(_ operand: FloatOperand) -> FloatRows {
    // As above.
    let base = unsafe address(operand.block).assumingMemoryBound(to: Float.self)
    return unsafe FloatRows(base + operand.column, stride: width(operand.block))
  }

  /// A block of ids or offsets from the chunk's first row on. Members of bags are not rows: their
  /// offsets count from the batch's first.
  func ids(_ block: Int) -> UnsafeMutablePointer<Int32> {
    let first = plan.blocks[block].content == .bagIDs ? 0 : firstRow(block)
    // Blocks hold as many rows as their batch or chunk may have.
    return unsafe batchIDs(block) + first
  }

  /// Columns of a block of float rows from the chunk's first row on.
  func rows(_ operand: FloatOperand) -> FloatRows {
    // As above.
    let rows = unsafe batchRows(operand)
    return unsafe FloatRows(
      rows.base + firstRow(operand.block) * rows.stride, stride: rows.stride)
  }

  /// A block of one column from the chunk's first row on.
  func floats(_ block: Int) -> UnsafeMutablePointer<Float> {
    // As above.
    unsafe rows(FloatOperand(block: block)).base
  }

  func quantisedRows(_ block: Int) -> QuantisedRows {
    guard case .quantised(let columns) = plan.blocks[block].content else {
      preconditionFailure("not a block of quantised rows")
    }
    let rows = KernelLimits.paddedRows(plan.chunk[plan.blocks[block].axis])
    // `Block.byteCount` has room for both parts.
    let values = unsafe address(block)
    let scales = unsafe values + rows * KernelLimits.paddedColumns(columns)
    return unsafe QuantisedRows(
      values: values.assumingMemoryBound(to: Int8.self),
      scales: scales.assumingMemoryBound(to: Float.self))
  }

  var scratch: UnsafeMutableRawPointer {
    // As large as the largest step wants; steps run one after the other.
    unsafe memory + plan.scratchOffset
  }
}
