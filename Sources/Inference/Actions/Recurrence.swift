internal import Kernels
internal import ModelGraph
internal import TesseraWire

// What the stacks of recurrent layers have in common.
extension Recurrent {
  func recurrentReading(_ name: String) -> Reading {
    .projected(
      by: directions.map { "\(name).0.\($0.rawValue).input_weight" },
      foldedWidth: gates * KernelLimits.paddedUnits(units))
  }

  /// A step for each layer and direction.
  func lower(_ index: Int, as cell: RecurrentCell, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let name = node.description.name
    var source = PlanBuilder.RecurrentSource.value(node.sources[0])
    for layer in 0..<layers {
      let isLast = layer == layers - 1
      let label = layers == 1 ? name : "\(name).\(layer)"
      let returnsState = isLast && returns == .state
      let axis: Axis = returnsState ? .user : .event
      let width = units * directions.count
      let output =
        isLast
        ? builder.target(.node(index), label: label) : builder.floats(label, .event, width: width)
      for (position, direction) in directions.enumerated() {
        let weights = PlanBuilder.RecurrentWeights(
          builder, prefix: "\(name).\(layer).\(direction.rawValue).", cell: cell)
        let input = builder.recurrentInput(source, of: index, weights, label: label)
        let part = FloatOperand(block: output.block, column: output.column + position * units)
        builder.emit(
          label, axis,
          RecurrenceAction(
            cell: cell, input: input,
            recurrent: builder.gateMatrix(
              weights.recurrent, bias: weights.bias, gates: cell.gates),
            candidateBias: weights.candidateBias, backward: direction == .backward,
            sequence: returnsState ? nil : part, state: returnsState ? part : nil))
      }
      let value = PlanBuilder.Value(operand: output, axis: axis, width: width)
      source = .layer(value)
      builder.values[.node(index)] = value
    }
  }
}

extension PlanBuilder {
  /// What a layer reads: the node's input, or the layer below.
  fileprivate enum RecurrentSource {
    case value(Source)
    case layer(Value)
  }

  /// Names of the matrices of one layer and direction, and its biases.
  fileprivate struct RecurrentWeights {
    let input: String
    let recurrent: String
    let gates: Int
    /// What the gates begin with.
    let bias: [Float]
    /// What a reset gate multiplies beside the recurrent sum: [units], then zeros up to a vector.
    let candidateBias: FloatConstants?

    init(_ builder: PlanBuilder, prefix: String, cell: RecurrentCell) {
      (input, recurrent) = (prefix + "input_weight", prefix + "recurrent_weight")
      gates = cell.gates
      let bias = builder.tensor(prefix + "bias").dequantised()
      guard cell == .gru else {
        (self.bias, candidateBias) = (bias, nil)
        return
      }
      // The two biases of z and r are only ever added; the candidate's stay apart.
      let recurrentBias = builder.tensor(prefix + "recurrent_bias").dequantised()
      let units = bias.count / gates
      self.bias = bias.indices.map { $0 < 2 * units ? bias[$0] + recurrentBias[$0] : bias[$0] }
      let padding = KernelLimits.paddedUnits(units) - units
      candidateBias = FloatConstants(
        recurrentBias[(2 * units)...] + Array(repeating: 0, count: padding))
    }
  }

  /// The gates' input: the parts of a split concat each in its way, or one product.
  fileprivate mutating func recurrentInput(
    _ source: RecurrentSource, of node: Int, _ weights: RecurrentWeights, label: String
  ) -> RecurrenceInput {
    let (weight, gates) = (weights.input, weights.gates)
    let whole: Value
    switch source {
    case .layer(let below): whole = below
    case .value(let source):
      guard let parts = fusion.parts(of: source, for: node) else {
        whole = value(source)
        break
      }
      var input = RecurrenceInput(lookups: lookups(parts.folded, through: weight, gates: gates))
      guard case .node(let concat) = source else { return input }
      // W·[u ⊕ e] + b = (W_u·u + b) + W_e·e: the first part once for each user.
      if let user = parts.user, let value = splits[concat]?[.user] {
        input.userRows =
          product(
            gateMatrix(
              weight, bias: weights.bias, columns: user.leaves.map(\.columns), gates: gates),
            value, label: "\(label) (user part)", demand: Fusion.Demand(float: true)
          ).operand
      }
      if let rest = parts.rest, let value = splits[concat]?[.rest] {
        // A few numbers cost no more in float32, and need not share one int8 scale.
        let isNarrow = rest.width <= InferenceLimits.narrowWidthMax && value.operand != nil
        let matrix = gateMatrix(
          weight, columns: rest.leaves.map(\.columns), gates: gates, isFloat: isNarrow)
        input.product = (matrix, operand(value, for: matrix, label: label))
      }
      return input
    }
    let matrix = gateMatrix(weight, gates: gates)
    return RecurrenceInput(product: (matrix, operand(whole, for: matrix, label: label)))
  }
}

/// One direction of one layer: [events, units] and [users, units].
struct RecurrenceAction: Action {
  let cell: RecurrentCell
  let input: RecurrenceInput
  let recurrent: PackedMatrix
  let candidateBias: FloatConstants?
  let backward: Bool
  let sequence: FloatOperand?
  let state: FloatOperand?

  var blocks: [Int] { input.blocks + [sequence?.block, state?.block].compactMap(\.self) }
  var weights: [any Weights] { [recurrent] + input.weights }
  var words: String {
    "\(cell.words) \(backward ? "backward " : "")\(input.words), recurrent \(recurrent.words) → "
      + (sequence == nil ? "state" : "sequence")
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int {
    KernelTable.scratchBytes(
      recurrenceUsers: size.chunk[.user], tokens: size.chunk[.event], units: recurrent.depth,
      cell: cell, inputMatrix: input.product?.matrix)
  }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks and scratch of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.recurrence(
      cell, input.product.map { unsafe RecurrenceProduct($0.matrix, workspace.operand($0.rows)) },
      lookups: input.lookups.count, lookup: { unsafe workspace.lookup(input.lookups[$0]) },
      userRows: input.userRows.map { unsafe workspace.rows($0) }, recurrent: recurrent,
      candidateBias: candidateBias?.base, offsets: workspace.eventOffsets,
      users: workspace.chunk[.user].count, backward: backward,
      sequence: sequence.map { unsafe workspace.rows($0) },
      state: state.map { unsafe workspace.rows($0) }, scratch: workspace.scratch)
  }
}

/// What a layer's gates are summed from, beside the recurrent product.
struct RecurrenceInput: Sendable {
  /// [users, packed gates] with the bias; nil where no column is the user's.
  var userRows: FloatOperand?
  var lookups: [Lookup] = []
  /// The columns that are multiplied at each event; nil where none are left.
  var product: (matrix: PackedMatrix, rows: MatrixOperand)?

  var blocks: [Int] {
    lookups.map(\.ids) + [userRows?.block, product?.rows.block].compactMap(\.self)
  }
  var weights: [any Weights] {
    lookups.map { $0.table as any Weights } + (product.map { [$0.matrix] } ?? [])
  }
  var words: String {
    var parts = product.map { [$0.matrix.words] } ?? []
    parts += lookups.map { "folded \($0.table.words)" }
    if userRows != nil { parts.append("rows of the user") }
    return parts.joined(separator: " + ")
  }
}

extension RecurrentCell {
  /// As in a printed plan.
  var words: String {
    switch self {
    case .lstm: "lstm"
    case .gru: "gru"
    case .gruResetFirst: "gru, reset first,"
    case .tanh: "rnn tanh"
    case .relu: "rnn relu"
    }
  }
}

/// A folded table with the ids that choose its rows: `[rows]`.
struct Lookup: Sendable {
  let table: EmbeddingTable
  /// Block of ids.
  let ids: Int
}

extension Workspace {
  fileprivate func lookup(
    _ lookup: Lookup
  ) -> (table: EmbeddingTable, ids: UnsafePointer<Int32>) {
    // A block of the workspace, used while a kernel runs.
    unsafe (lookup.table, UnsafePointer(ids(lookup.ids)))
  }
}
