internal import Kernels
internal import TesseraWire

/// One block of a workspace's memory, sized for the largest batch.
struct Block: Sendable {
  /// What the block holds, for the printed plan.
  let label: String
  /// Whose rows.
  let axis: Axis
  let content: Content

  enum Content: Hashable, Sendable {
    /// float32 [rows, width].
    case float(width: Int)
    /// int8 [rows to 16, columns to 64], then float32 scales [rows to 16].
    case quantised(columns: Int)
    /// int32 [rows].
    case ids
    /// int32 [rows + 1].
    case offsets
    /// int32 [bag values].
    case bagIDs
  }

  /// Bytes for this many rows.
  func byteCount(_ limits: RowCounts) -> Int {
    let rows = limits[axis]
    return switch content {
    case .float(let width): 4 * rows * width
    case .quantised(let columns):
      KernelLimits.paddedRows(rows) * (KernelLimits.paddedColumns(columns) + 4)
    case .ids: 4 * rows
    case .offsets: 4 * (rows + 1)
    case .bagIDs: 4 * limits.bagValues
    }
  }
}

/// Columns of a float block: where a step reads or writes.
struct FloatOperand: Hashable, Sendable {
  /// Index of the block.
  var block: Int
  /// First column.
  var column = 0
}

/// Which row of another axis belongs to a row.
enum RowMap: Hashable, Sendable {
  /// The row itself.
  case same
  /// The row of its parent that owns the axis's row.
  case parent(of: Axis)

  /// As in a printed plan.
  var words: String {
    switch self {
    case .same: ""
    case .parent(let axis): axis.parent.map { " of the \($0.name)" } ?? ""
    }
  }
}

/// Columns that are read through a map.
struct MappedOperand: Hashable, Sendable {
  var operand: FloatOperand
  var map: RowMap
}

/// What a matrix is multiplied with.
enum MatrixOperand: Hashable, Sendable {
  /// A block of quantised rows.
  case quantised(block: Int)
  /// Float rows.
  case float(FloatOperand)

  var block: Int {
    switch self {
    case .quantised(let block): block
    case .float(let operand): operand.block
    }
  }
}

/// float32 numbers that belong to the model: gains, biases, positions, boundaries. Immutable.
@safe
final class FloatConstants: Sendable {
  let count: Int
  // Written in the initialiser only; freed by deinit.
  nonisolated(unsafe) let base: UnsafePointer<Float>

  init(_ values: [Float]) {
    count = values.count
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(1, values.count))
    // The block has room for exactly these values.
    unsafe memory.initialize(repeating: 0, count: max(1, values.count))
    for index in values.indices { unsafe memory[index] = values[index] }  // As above.
    unsafe base = UnsafePointer(memory)  // As above.
  }

  deinit {
    // Nobody but this object holds the pointer.
    unsafe base.deallocate()
  }
}
