internal import Kernels
internal import ModelGraph
internal import TesseraWire

extension LoweringOf {
  func visit(_ lstm: Operation.LSTM) -> any Lowering { lstm }
}

extension Operation.LSTM: Lowering {
  func reading(_ name: String) -> Reading {
    .projected(
      by: directions.map { "\(name).0.\($0.rawValue).input_weight" },
      foldedWidth: 4 * KernelLimits.paddedUnits(units))
  }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let name = node.description.name
    var source = PlanBuilder.LSTMSource.value(node.sources[0])
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
        let role = "\(name).\(layer).\(direction.rawValue)."
        let input = builder.lstmInput(source, of: index, role: role, label: label)
        let part = FloatOperand(block: output.block, column: output.column + position * units)
        let recurrent = builder.matrix(
          role + "recurrent_weight", bias: role + "bias", isLSTM: true)
        builder.emit(
          label, axis,
          LSTMAction(
            input: input, recurrent: recurrent, backward: direction == .backward,
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
  fileprivate enum LSTMSource {
    case value(Source)
    case layer(Value)
  }

  /// The gates' input: the parts of a split concat each in its way, or one product.
  fileprivate mutating func lstmInput(
    _ source: LSTMSource, of node: Int, role: String, label: String
  ) -> LSTMInput {
    let weight = role + "input_weight"
    let whole: Value
    switch source {
    case .layer(let below): whole = below
    case .value(let source):
      guard let parts = fusion.parts(of: source, for: node) else {
        whole = value(source)
        break
      }
      var input = LSTMInput(lookups: lookups(parts.folded, through: weight))
      guard case .node(let concat) = source else { return input }
      // W·[u ⊕ e] + b = (W_u·u + b) + W_e·e: the first part once for each user.
      if let user = parts.user, let value = splits[concat]?[.user] {
        input.userRows =
          product(
            matrix(weight, bias: role + "bias", columns: user.leaves.map(\.columns), isLSTM: true),
            value, label: "\(label) (user part)", demand: Fusion.Demand(float: true)
          ).operand
      }
      if let rest = parts.rest, let value = splits[concat]?[.rest] {
        // A few numbers cost no more in float32, and need not share one int8 scale.
        let isNarrow = rest.width <= InferenceLimits.narrowWidthMax && value.operand != nil
        let matrix = matrix(
          weight, columns: rest.leaves.map(\.columns), isLSTM: true, isFloat: isNarrow)
        input.product = (matrix, operand(value, for: matrix, label: label))
      }
      return input
    }
    let matrix = matrix(weight, isLSTM: true)
    return LSTMInput(product: (matrix, operand(whole, for: matrix, label: label)))
  }
}

/// One direction of one layer: [events, units] and [users, units].
struct LSTMAction: Action {
  let input: LSTMInput
  let recurrent: PackedMatrix
  let backward: Bool
  let sequence: FloatOperand?
  let state: FloatOperand?

  var blocks: [Int] { input.blocks + [sequence?.block, state?.block].compactMap(\.self) }
  var weights: [any Weights] { [recurrent] + input.weights }
  var words: String {
    "lstm \(backward ? "backward " : "")\(input.words), recurrent \(recurrent.words) → "
      + (sequence == nil ? "state" : "sequence")
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int {
    KernelTable.scratchBytes(
      lstmUsers: size.chunk[.user], tokens: size.chunk[.event], units: recurrent.depth,
      inputMatrix: input.product?.matrix)
  }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks and scratch of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.lstm(
      input.product.map { unsafe LSTMProduct($0.matrix, workspace.operand($0.rows)) },
      lookups: input.lookups.count, lookup: { unsafe workspace.lookup(input.lookups[$0]) },
      userRows: input.userRows.map { unsafe workspace.rows($0) }, recurrent: recurrent,
      offsets: workspace.eventOffsets, users: workspace.chunk[.user].count, backward: backward,
      sequence: sequence.map { unsafe workspace.rows($0) },
      state: state.map { unsafe workspace.rows($0) }, scratch: workspace.scratch)
  }
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
