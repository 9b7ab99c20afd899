internal import CKernels

/// float32 rows in memory of the caller: row r begins at `base + r · stride`.
@unsafe
public struct FloatRows {
  /// The first row.
  public var base: UnsafeMutablePointer<Float>
  /// Floats from one row to the next; at least the columns.
  public var stride: Int

  /// Rows at `base`, `stride` floats apart.
  public init(_ base: UnsafeMutablePointer<Float>, stride: Int) {
    // The caller's pointer, kept under the same warning.
    unsafe self.base = base
    unsafe self.stride = stride
  }
}

/// int8 rows with one scale each. A byte holds value + 128 (what the fastest instructions take); the
/// padding of a row holds zeros in that sense. Both blocks have room for
/// ``KernelLimits/paddedRows(_:)`` rows, of ``KernelLimits/paddedColumns(_:)`` bytes.
@unsafe
public struct QuantisedRows {
  /// Values + 128, a padded row after the other.
  public var values: UnsafeMutablePointer<UInt8>
  /// One scale a row.
  public var scales: UnsafeMutablePointer<Float>

  /// Rows in these two blocks.
  public init(values: UnsafeMutableRawPointer, scales: UnsafeMutablePointer<Float>) {
    // The caller's pointers, kept under the same warning.
    unsafe self.values = values.assumingMemoryBound(to: UInt8.self)
    unsafe self.scales = scales
  }
}

/// What a matrix is multiplied with: quantised rows for an int8 matrix, float rows for a float32 one.
@unsafe
public enum ProductInput {
  /// For int8 matrices.
  case int8(QuantisedRows)
  /// For float32 matrices.
  case float(FloatRows)
}

/// The part of a recurrent layer's input that is multiplied when it runs.
@unsafe
public struct RecurrenceProduct {
  /// `[gates·units, width]`, packed with the cell's gates; its bias is not used.
  public var matrix: PackedMatrix
  /// Rows `[tokens, width]`, of the kind that `matrix` takes.
  public var rows: ProductInput

  /// These rows times this matrix.
  public init(_ matrix: PackedMatrix, _ rows: ProductInput) {
    // The caller's rows, kept under the same warning.
    unsafe self.matrix = matrix
    unsafe self.rows = rows
  }
}

/// Rows that are added (or copied) to rows of another axis: `map[r]` is the row that belongs to row r;
/// without a map it is r itself.
@unsafe
public struct MappedRows {
  /// The rows that are read.
  public var rows: FloatRows
  /// For each row of the result, the row to read; nil = the same row.
  public var map: UnsafePointer<Int32>?

  /// Rows with a map.
  public init(_ rows: FloatRows, map: UnsafePointer<Int32>? = nil) {
    // The caller's rows and map, kept under the same warning.
    unsafe self.rows = rows
    unsafe self.map = map
  }
}

/// The cell of a recurrent layer, with the order of its gates. States begin at zero.
public enum RecurrentCell: Int, CaseIterable, Sendable {
  /// i f g o: c ← σ(f)·c + σ(i)·tanh(g); h = σ(o)·tanh(c).
  case lstm = 0
  /// z r h: h ← σ(z)·h + (1 − σ(z))·tanh(input + σ(r)·(recurrent sum + candidate bias)).
  case gru = 1
  /// z r h: as above with tanh(input + W_recurrent·(σ(r)·h)).
  case gruResetFirst = 2
  /// h ← tanh(z).
  case tanh = 3
  /// h ← max(0, z). Its recurrent matrix is float32: the state has no bound.
  case relu = 4

  var code: tsr_cell { tsr_cell(rawValue: UInt32(rawValue)) }
  /// How many gates the cell has.
  public var gates: Int { Int(tsr_gates(code)) }
}

/// How a user's rows become one row.
public enum Pooling: Int, Sendable {
  case last = 0
  case first = 1
  case mean = 2
  case max = 3
  case sum = 4
}

/// How the members of a bag become one row.
public enum BagReduction: Int, Sendable {
  case sum = 0
  case mean = 1
}

/// How two rows are joined element by element.
public enum Combination: Int, Sendable {
  case add = 0
  case multiply = 1
  case subtract = 2
  /// NaN where either is NaN.
  case maximum = 3
  /// NaN where either is NaN.
  case minimum = 4
}
