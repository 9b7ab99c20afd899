// Memory and random numbers for kernel tests. Every block is poisoned with a pattern first, so that a
// kernel that reads what it must not shows different bits.
import Kernels
import SeededRandom

extension SeededGenerator {
  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// Roughly normal, mostly within ±3·scale.
  mutating func float(scale: Float = 1) -> Float {
    var sum: Float = 0
    for _ in 0..<4 { sum += Float(next() >> 40) / Float(1 << 24) - 0.5 }
    return sum * 1.7 * scale
  }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in float(scale: scale) }
  }

  mutating func int8s(_ count: Int) -> [Int8] { (0..<count).map { _ in Int8(int(-127...127)) } }

  /// Offsets of users with these largest lengths; some are empty.
  mutating func offsets(users: Int, lengthMax: Int) -> [Int32] {
    var offsets: [Int32] = [0]
    for user in 0..<users {
      let length = user == 0 ? lengthMax : int(0...3) == 0 ? 0 : int(0...lengthMax)
      offsets.append(offsets[user] + Int32(length))
    }
    return offsets
  }
}

/// float32 rows that own their memory.
@safe
final class FloatBlock {
  let rows: Int
  let columns: Int
  let stride: Int
  private let memory: UnsafeMutablePointer<Float>

  init(_ rows: Int, _ columns: Int, padding: Int = 3, values: [Float]? = nil) {
    (self.rows, self.columns, stride) = (rows, columns, columns + padding)
    // Freed in deinit, as large as every index below.
    unsafe memory = .allocate(capacity: max(1, rows * stride))
    unsafe memory.initialize(repeating: 12345.678, count: max(1, rows * stride))
    if let values {
      for row in 0..<rows {
        for column in 0..<columns {
          unsafe memory[row * stride + column] = values[row * columns + column]
        }
      }
    }
  }

  deinit {
    // Nobody but this object holds the pointer.
    unsafe memory.deallocate()
  }

  var unsafeRows: FloatRows {
    // The block holds all rows.
    unsafe FloatRows(memory, stride: stride)
  }

  /// Everything, the space between the rows included: a kernel must not write there.
  var bits: [UInt32] {
    // The block holds all rows.
    (0..<rows * stride).map { unsafe memory[$0].bitPattern }
  }

  subscript(row: Int, column: Int) -> Float {
    // The block holds all rows.
    unsafe memory[row * stride + column]
  }

  func row(_ row: Int) -> [Float] { (0..<columns).map { self[row, $0] } }
}

/// Quantised rows that own their memory.
@safe
final class QuantisedBlock {
  let rows: Int
  let columns: Int
  private let values: UnsafeMutablePointer<UInt8>
  private let scales: UnsafeMutablePointer<Float>

  init(_ rows: Int, _ columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    let count = KernelLimits.paddedRows(rows) * KernelLimits.paddedColumns(columns)
    // Freed in deinit; sizes are those that the kernels ask for.
    unsafe values = UnsafeMutableRawPointer.allocate(byteCount: max(1, count), alignment: 64)
      .bindMemory(to: UInt8.self, capacity: max(1, count))
    unsafe values.initialize(repeating: 85, count: max(1, count))
    unsafe scales = .allocate(capacity: max(1, KernelLimits.paddedRows(rows)))
    unsafe scales.initialize(repeating: 9, count: max(1, KernelLimits.paddedRows(rows)))
  }

  convenience init(_ floats: FloatBlock, by table: KernelTable = .scalar) {
    self.init(floats.rows, floats.columns)
    // Both blocks have the rows and columns of `floats`.
    unsafe table.quantise(
      floats.unsafeRows, rows: rows, columns: columns, into: unsafeRows)
  }

  deinit {
    // Nobody but this object holds the pointers.
    unsafe values.deallocate()
    unsafe scales.deallocate()
  }

  var unsafeRows: QuantisedRows {
    // The block holds all rows.
    unsafe QuantisedRows(values: values, scales: scales)
  }

  var bits: [UInt8] {
    // The block holds all rows.
    (0..<rows * KernelLimits.paddedColumns(columns)).map { unsafe values[$0] }
  }

  var scaleBits: [UInt32] {
    // The block holds all rows.
    (0..<rows).map { unsafe scales[$0].bitPattern }
  }

  func value(_ row: Int, _ column: Int) -> Float {
    // As above.
    unsafe (Float(values[row * KernelLimits.paddedColumns(columns) + column]) - 128) * scales[row]
  }
}

/// Aligned scratch, filled with a pattern.
@safe
final class Scratch {
  let pointer: UnsafeMutableRawPointer

  init(_ byteCount: Int) {
    // Freed in deinit.
    unsafe pointer = .allocate(byteCount: max(64, byteCount), alignment: 64)
    unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0xA5, count: max(64, byteCount))
  }

  deinit { unsafe pointer.deallocate() }
}

extension Activation {
  static let withoutSlope: [Activation] = [
    .none, .relu, .gelu, .tanh, .sigmoid, .silu, .geluTanh, .softplus, .hardSigmoid,
  ]
  static let all = withoutSlope + [.leakyReLU(slope: 0.2), .elu(slope: 1.3)]
}

extension KernelTable {
  /// All but the reference.
  static var vectorised: [KernelTable] { available.filter { $0.name != "scalar" } }
}
