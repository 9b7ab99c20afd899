internal import Kernels
internal import SeededRandom

/// Rows that a kernel reads and writes, as float32 and as int8, or its scratch.
@safe
final class KernelMemory {
  private let stride: Int
  private let values: UnsafeMutablePointer<Float>
  private let bytes: UnsafeMutableRawPointer
  private let scales: UnsafeMutablePointer<Float>

  /// Random rows in −1…1, in both forms.
  init(rows: Int, columns: Int, _ random: inout SeededGenerator) {
    stride = columns
    let room = KernelLimits.paddedRows(rows)
    // Sizes are those that the kernels ask for; deinit frees all three.
    unsafe values = .allocate(capacity: rows * columns)
    for index in 0..<rows * columns {
      unsafe (values + index).initialize(to: Float.random(in: -1...1, using: &random))
    }
    unsafe bytes = .allocate(
      byteCount: room * KernelLimits.paddedColumns(columns),
      alignment: KernelLimits.alignmentBytes)
    unsafe scales = .allocate(capacity: room)
    // The blocks have room for all rows with their padding.
    unsafe scales.initialize(repeating: 0, count: room)
    unsafe KernelTable.scalar.quantise(floats, rows: rows, columns: columns, into: quantised)
  }

  /// Scratch.
  init(byteCount: Int) {
    stride = 0
    // As above; floats and scales are the least that can be freed alike.
    unsafe values = .allocate(capacity: 1)
    unsafe bytes = .allocate(
      byteCount: max(byteCount, 1), alignment: KernelLimits.alignmentBytes)
    unsafe scales = .allocate(capacity: 1)
  }

  deinit {
    // Nobody but this object holds the pointers.
    unsafe values.deallocate()
    unsafe bytes.deallocate()
    unsafe scales.deallocate()
  }

  var floats: FloatRows { unsafe FloatRows(values, stride: stride) }
  var quantised: QuantisedRows { unsafe QuantisedRows(values: bytes, scales: scales) }
  var scratch: UnsafeMutableRawPointer { unsafe bytes }

  func input(_ isInt8: Bool) -> ProductInput {
    // Blocks of this object.
    unsafe isInt8 ? .int8(quantised) : .float(floats)
  }
}
