internal import Kernels
internal import TesseraWire

/// One step of a plan: a call of one kernel on blocks of the workspace.
///
/// Shapes: rows are those of the step's axis in the batch at hand.
enum Action: Sendable {
  /// raw [rows] → one column, for every number of the axis that is transformed.
  case numbers([NumberColumn])
  /// raw [rows] → ids [rows]: how many boundaries are ≤ the number.
  case bucketise(raw: Int, NumberTransform, boundaries: FloatConstants, ids: Int)
  /// ids → rows of a table [rows, width]; a bag's members are summed or averaged.
  case gather(EmbeddingTable, ids: Int, bagOffsets: Int?, BagReduction, output: FloatOperand)
  /// Repeats rows of a coarser axis, or moves columns: [rows, width].
  case copy(MappedOperand, width: Int, output: FloatOperand)
  /// left + right or left · right: [rows, width].
  case combine(MappedOperand, Combination, MappedOperand, width: Int, output: FloatOperand)
  /// input + table[position of the event in its history]: [events, width].
  case addPositions(FloatOperand, FloatConstants, width: Int, output: FloatOperand)
  /// float [rows, columns] → quantised rows.
  case quantise(FloatOperand, columns: Int, output: Int)
  /// activation(input · Wᵀ + bias + addend): [rows, outputs].
  case product(
    PackedMatrix, MatrixOperand, addend: MappedOperand?, Activation, output: FloatOperand?,
    quantised: Int?)
  /// One direction of one layer: [events, units] and [users, units].
  case lstm(
    LSTMInput, recurrent: PackedMatrix, backward: Bool, sequence: FloatOperand?,
    state: FloatOperand?)
  /// [events, 3·width] → [events, width].
  case attention(
    qkv: FloatOperand, width: Int, heads: Int, causal: Bool, int8: Bool, output: FloatOperand)
  /// [rows, width] → [rows, width].
  case layerNorm(
    FloatOperand, gain: FloatConstants, bias: FloatConstants, epsilon: Float, width: Int,
    output: FloatOperand, quantised: Int?)
  /// [events, width] → [users, width].
  case pool(FloatOperand, width: Int, Pooling, output: FloatOperand)
  /// [rows, width] → [rows, width].
  case activate(FloatOperand, Activation, width: Int, output: FloatOperand)
}

extension Action {
  /// The blocks that the step reads or writes: what keeps them alive.
  var blocks: [Int] {
    switch self {
    case .numbers(let columns): columns.flatMap { [$0.raw, $0.output.block] }
    case .bucketise(let raw, _, _, let ids): [raw, ids]
    case .gather(_, let ids, let offsets, _, let output): [ids, output.block] + list(offsets)
    case .copy(let input, _, let output): [input.operand.block, output.block]
    case .combine(let left, _, let right, _, let output):
      [left.operand.block, right.operand.block, output.block]
    case .addPositions(let input, _, _, let output): [input.block, output.block]
    case .quantise(let input, _, let output): [input.block, output]
    case .product(_, let input, let addend, _, let output, let quantised):
      [input.block] + list(addend?.operand.block) + list(output?.block) + list(quantised)
    case .lstm(let input, _, _, let sequence, let state):
      input.blocks + list(sequence?.block) + list(state?.block)
    case .attention(let qkv, _, _, _, _, let output): [qkv.block, output.block]
    case .layerNorm(let input, _, _, _, _, let output, let quantised):
      [input.block, output.block] + list(quantised)
    case .pool(let input, _, _, let output): [input.block, output.block]
    case .activate(let input, _, _, let output): [input.block, output.block]
    }
  }

  private func list(_ block: Int?) -> [Int] { block.map { [$0] } ?? [] }

  /// Bytes of kernel scratch for the largest chunk.
  func scratchBytes(_ limits: BatchLimits, axis: Axis, eventsOfAUserMax: Int) -> Int {
    switch self {
    case .bucketise: 4 * limits.rows(axis)
    case .product(let matrix, _, _, _, _, _): KernelTable.scratchBytes(product: matrix)
    case .lstm(let input, let recurrent, _, _, _):
      KernelTable.scratchBytes(
        lstmUsers: limits.users, tokens: limits.events, units: recurrent.depth,
        inputMatrix: input.product?.matrix)
    case .attention(_, let width, let heads, _, _, _):
      KernelTable.scratchBytes(attentionRowsMax: eventsOfAUserMax, width: width, heads: heads)
    default: 0
    }
  }
}

/// A folded table with the ids that choose its rows: `[rows]`.
struct Lookup: Sendable {
  let table: EmbeddingTable
  /// Block of ids.
  let ids: Int
}

/// What an LSTM's gates are summed from, beside the recurrent product.
struct LSTMInput: Sendable {
  /// [users, packed gates] with the bias; nil where no column is the user's.
  var userRows: FloatOperand?
  var lookups: [Lookup] = []
  /// The columns that are multiplied at each event; nil where none are left.
  var product: (matrix: PackedMatrix, rows: MatrixOperand)?

  var blocks: [Int] {
    lookups.map(\.ids) + [userRows?.block, product?.rows.block].compactMap(\.self)
  }
}

extension MatrixOperand {
  var block: Int {
    switch self {
    case .quantised(let block): block
    case .float(let operand): operand.block
    }
  }
}

/// A column of raw numbers with its transform and its place.
struct NumberColumn: Sendable {
  /// Block of raw float32 [rows].
  let raw: Int
  let transform: NumberTransform
  let output: FloatOperand
}

/// An action with what people want to know about it.
struct Step: Sendable {
  let action: Action
  /// Whose rows it works on.
  let axis: Axis
  /// The nodes or inputs that it computes.
  let label: String
}
