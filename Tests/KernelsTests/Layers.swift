// One call of a layer kernel on random numbers: what the tests compare between tables and batches.
import Kernels
import SeededRandom

/// The weights of a layer in both precisions' form.
func matrix(
  _ random: inout SeededGenerator, outputs: Int, depth: Int, isInt8: Bool, bias: Bool = true,
  gates: Int = 0
)
  -> PackedMatrix
{
  let biases = bias ? random.floats(outputs, scale: 0.3) : nil
  if isInt8 {
    let scales = (0..<outputs).map { _ in abs(random.float(scale: 0.002)) + 0.0005 }
    return PackedMatrix(
      int8: random.int8s(outputs * depth), scales: scales, bias: biases, outputs: outputs,
      depth: depth, gates: gates)
  }
  return PackedMatrix(
    float: random.floats(outputs * depth, scale: 0.1), bias: biases, outputs: outputs, depth: depth,
    gates: gates)
}

/// Input rows in the form that a matrix takes.
struct LayerInput {
  let floats: FloatBlock
  let quantised: QuantisedBlock
  let isInt8: Bool

  init(_ rows: Int, _ columns: Int, values: [Float], isInt8: Bool) {
    floats = FloatBlock(rows, columns, values: values)
    quantised = QuantisedBlock(floats)
    self.isInt8 = isInt8
  }

  var unsafeInput: ProductInput {
    // The blocks live as long as this object.
    unsafe isInt8 ? .int8(quantised.unsafeRows) : .float(floats.unsafeRows)
  }
}

struct ProductResult: Equatable {
  let floats: [UInt32]
  let int8: [UInt8]
  let scales: [UInt32]
}

func product(
  _ table: KernelTable, _ matrix: PackedMatrix, _ input: LayerInput, addend: FloatBlock? = nil,
  map: [Int32]? = nil, activation: Activation = .none
) -> (FloatBlock, ProductResult) {
  let rows = input.floats.rows
  let output = FloatBlock(rows, matrix.outputs)
  let quantised = QuantisedBlock(rows, matrix.outputs)
  let onlyQuantised = QuantisedBlock(rows, matrix.outputs)
  let scratch = Scratch(KernelTable.scratchBytes(product: matrix))
  // All blocks outlive the calls and have the sizes that the kernel asks for.
  unsafe (map ?? []).withUnsafeBufferPointer { map in
    let added = unsafe addend.map {
      unsafe MappedRows($0.unsafeRows, map: map.count == 0 ? nil : map.baseAddress)
    }
    unsafe table.product(
      matrix, input.unsafeInput, rows: rows, addend: added, activation: activation,
      into: output.unsafeRows, quantised: quantised.unsafeRows, scratch: scratch.pointer)
    unsafe table.product(
      matrix, input.unsafeInput, rows: rows, addend: added, activation: activation, into: nil,
      quantised: onlyQuantised.unsafeRows, scratch: scratch.pointer)
  }
  precondition(
    quantised.bits == onlyQuantised.bits && quantised.scaleBits == onlyQuantised.scaleBits)
  return (
    output, ProductResult(floats: output.bits, int8: quantised.bits, scales: quantised.scaleBits)
  )
}

/// Folded tables with the ids that choose from them.
struct Lookups {
  var tables: [EmbeddingTable] = []
  /// The ids of the first table's rows, then of the second's, `[tables, tokens]`.
  var ids: [Int32] = []

  /// Of float32 and of int8, in this order.
  init() {}
  init(_ random: inout SeededGenerator, tokens: Int, units: Int, gates: Int, count: Int) {
    let width = gates * KernelLimits.paddedUnits(units)
    for index in 0..<count {
      tables.append(
        index % 2 == 0
          ? EmbeddingTable(float: random.floats(6 * width), rows: 6, width: width)
          : EmbeddingTable(
            int8: random.int8s(6 * width), scales: random.floats(6, scale: 0.01), rows: 6,
            width: width))
      ids += (0..<tokens).map { _ in Int32(random.int(-1...6)) }
    }
  }
}

/// Sequence and state of one direction of a recurrent layer.
func recurrence(
  _ table: KernelTable, _ cell: RecurrentCell, inputMatrix: PackedMatrix?,
  recurrent: PackedMatrix, _ input: LayerInput, lookups: Lookups = Lookups(),
  candidateBias: [Float] = [], userRows: FloatBlock? = nil, offsets: [Int32],
  backward: Bool
) -> (sequence: FloatBlock, state: FloatBlock) {
  let users = offsets.count - 1
  let tokens = input.floats.rows
  let sequence = FloatBlock(tokens, recurrent.depth)
  let state = FloatBlock(users, recurrent.depth)
  let scratch = Scratch(
    KernelTable.scratchBytes(
      recurrenceUsers: users, tokens: tokens, units: recurrent.depth, cell: cell,
      inputMatrix: inputMatrix))
  // As the kernel wants them: up to a whole vector.
  let padding = KernelLimits.paddedUnits(recurrent.depth) - recurrent.depth
  let candidateBias = candidateBias + Array(repeating: 0, count: padding)
  // As above.
  unsafe candidateBias.withUnsafeBufferPointer { candidateBias in
    unsafe offsets.withUnsafeBufferPointer { offsets in
      unsafe lookups.ids.withUnsafeBufferPointer { ids in
        guard let base = offsets.baseAddress else { return }
        unsafe table.recurrence(
          cell, inputMatrix.map { unsafe RecurrenceProduct($0, input.unsafeInput) },
          lookups: lookups.tables.count,
          lookup: { unsafe (lookups.tables[$0], ids.baseAddress.unsafelyUnwrapped + $0 * tokens) },
          userRows: userRows?.unsafeRows, recurrent: recurrent,
          candidateBias: cell == .gru ? candidateBias.baseAddress : nil, offsets: base,
          users: users,
          backward: backward, sequence: sequence.unsafeRows, state: state.unsafeRows,
          scratch: scratch.pointer)
      }
    }
  }
  return (sequence, state)
}

/// Windows as float rows, as quantised rows, and pooled in both ways.
struct WindowResult: Equatable {
  let floats: [UInt32]
  let int8: [UInt8]
  let scales: [UInt32]
  let pooled: [[UInt32]]
}

func windows(
  _ table: KernelTable, _ input: FloatBlock, _ shape: WindowShape, offsets: [Int32],
  windowOffsets: [Int32]
) -> WindowResult {
  let (users, width) = (offsets.count - 1, input.columns)
  let count = Int(windowOffsets[users])
  let floats = FloatBlock(count, shape.size * width)
  let quantised = QuantisedBlock(count, shape.size * width)
  let scratch = Scratch(KernelTable.scratchBytes(windows: shape.size, width: width))
  var pooled: [FloatBlock] = []
  // As above.
  unsafe offsets.withUnsafeBufferPointer { offsets in
    unsafe windowOffsets.withUnsafeBufferPointer { windowOffsets in
      guard let offsets = offsets.baseAddress, let windowOffsets = windowOffsets.baseAddress
      else { return }
      unsafe table.windows(
        input.unsafeRows, shape, offsets: offsets, windowOffsets: windowOffsets, users: users,
        width: width, into: floats.unsafeRows, quantised: nil, scratch: scratch.pointer)
      unsafe table.windows(
        input.unsafeRows, shape, offsets: offsets, windowOffsets: windowOffsets, users: users,
        width: width, into: nil, quantised: quantised.unsafeRows, scratch: scratch.pointer)
      guard shape.dilation == 1 else { return }
      for pooling in [WindowPooling.max, .mean] {
        pooled.append(FloatBlock(count, width))
        // As above.
        unsafe table.pool(
          input.unsafeRows, shape, pooling, offsets: offsets, windowOffsets: windowOffsets,
          users: users, width: width, into: pooled[pooled.count - 1].unsafeRows)
      }
    }
  }
  return WindowResult(
    floats: floats.bits, int8: quantised.bits, scales: quantised.scaleBits,
    pooled: pooled.map(\.bits))
}

func attention(
  _ table: KernelTable, _ qkv: FloatBlock, offsets: [Int32], heads: Int, causal: Bool, int8: Bool
) -> FloatBlock {
  let width = qkv.columns / 3
  let output = FloatBlock(qkv.rows, width)
  let rowsMax = zip(offsets, offsets.dropFirst()).map { Int($1 - $0) }.max() ?? 0
  let scratch = Scratch(
    KernelTable.scratchBytes(attentionRowsMax: rowsMax, width: width, heads: heads))
  // As above.
  unsafe offsets.withUnsafeBufferPointer { offsets in
    guard let base = offsets.baseAddress else { return }
    unsafe table.attention(
      qkv.unsafeRows, offsets: base, users: offsets.count - 1, width: width, heads: heads,
      causal: causal, int8: int8, into: output.unsafeRows, scratch: scratch.pointer)
  }
  return output
}
