#if canImport(Glibc)
  internal import Glibc
#else
  internal import Foundation
#endif
internal import Kernels
internal import ModelGraph
internal import TesseraWire

extension LoweringOf {
  func visit(_ transformer: Operation.Transformer) -> any Lowering { transformer }
}

extension Operation.Transformer: Lowering {
  func reading(_ name: String) -> Reading {
    // The sum with the positions and the first norm of `pre` read float rows.
    norm == .post && positions == .none ? .floatsAnd(forMatrix: "\(name).0.qkv_weight") : .floats
  }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let name = node.description.name
    var x = builder.addPositions(self, to: builder.value(node.sources[0]), of: node)
    for layer in 0..<layers {
      let isLast = layer == layers - 1
      var next = Fusion.Demand(float: true)
      if isLast {
        next = builder.fusion.demand(for: .node(index))
      } else if norm == .post {
        next.add(int8: builder.isInt8("\(name).\(layer + 1).qkv_weight"))
      }
      let home = isLast ? builder.home(.node(index)) : nil
      let block = PlanBuilder.TransformerBlock(
        prefix: "\(name).\(layer).", label: layers == 1 ? name : "\(name).\(layer)",
        width: node.width, transformer: self)
      x =
        norm == .post
        ? builder.addPostNorm(block, x, next, home) : builder.addPreNorm(block, x, next, home)
    }
    builder.values[.node(index)] = x
  }
}

extension PlanBuilder {
  fileprivate mutating func addPositions(
    _ transformer: Operation.Transformer, to x: Value, of node: TypedGraph.Node
  ) -> Value {
    let (name, width) = (node.description.name, node.width)
    let table: FloatConstants
    switch transformer.positions {
    case .none: return x
    case .learned: table = constants("\(name).positions")
    case .sinusoidal: table = sinusoids(width: width)
    }
    let output = floats(name, .event, width: width)
    emit(
      "\(name) (positions)", .event,
      PositionsAction(input: float(x), table: table, width: width, output: output))
    return Value(operand: output, axis: .event, width: width)
  }

  /// pe[p, 2i] = sin(p / 10000^(2i/width)), pe[p, 2i + 1] = cos(same): [events, width].
  fileprivate func sinusoids(width: Int) -> FloatConstants {
    var table: [Float] = []
    for position in 0..<graph.description.limits.events {
      for column in 0..<width {
        let angle = Double(position) / pow(10_000, Double(column / 2 * 2) / Double(width))
        table.append(Float(column.isMultiple(of: 2) ? sin(angle) : cos(angle)))
      }
    }
    return FloatConstants(table)
  }
}

/// input + table[position of the event in its history]: [events, width].
struct PositionsAction: Action {
  let input: FloatOperand
  let table: FloatConstants
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "add positions [\(table.count / width) × \(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace and constants of the plan, which outlive the call; it only reads the table.
    let rowsOfTable = unsafe FloatRows(UnsafeMutablePointer(mutating: table.base), stride: width)
    unsafe workspace.plan.kernels.combine(
      MappedRows(workspace.rows(input)), .add,
      MappedRows(rowsOfTable, map: workspace.eventPositions), rows: rows, width: width,
      into: workspace.rows(output))
  }
}

// MARK: - Blocks

extension PlanBuilder {
  fileprivate struct TransformerBlock {
    let prefix: String
    let label: String
    let width: Int
    let transformer: Operation.Transformer
  }

  /// y = norm(x + attention(x)); norm(y + ff(y)).
  fileprivate mutating func addPostNorm(
    _ block: TransformerBlock, _ x: Value, _ next: Fusion.Demand, _ home: FloatOperand?
  ) -> Value {
    let attended = addAttention(block, of: x, residual: x, demand: Fusion.Demand(float: true))
    let y = norm("norm1", block, attended, into: nil, isInt8: isInt8(block.prefix + "ff1_weight"))
    let fed = addFeedForward(block, y, residual: y, demand: Fusion.Demand(float: true), into: nil)
    return norm("norm2", block, fed, into: home, isInt8: next.quantised)
  }

  /// y = x + attention(norm(x)); y + ff(norm(y)).
  fileprivate mutating func addPreNorm(
    _ block: TransformerBlock, _ x: Value, _ next: Fusion.Demand, _ home: FloatOperand?
  ) -> Value {
    let first = norm(
      "norm1", block, x, into: floats(block.label, .event, width: block.width),
      isInt8: isInt8(block.prefix + "qkv_weight"))
    let y = addAttention(block, of: first, residual: x, demand: Fusion.Demand(float: true))
    let second = norm(
      "norm2", block, y, into: floats(block.label, .event, width: block.width),
      isInt8: isInt8(block.prefix + "ff1_weight"))
    return addFeedForward(block, second, residual: y, demand: next, into: home)
  }

  /// residual + W_out · attention(W_qkv · x).
  private mutating func addAttention(
    _ block: TransformerBlock, of x: Value, residual: Value, demand: Fusion.Demand
  ) -> Value {
    let qkvMatrix = matrix(block.prefix + "qkv_weight", bias: block.prefix + "qkv_bias")
    let qkv = product(
      qkvMatrix, x, label: "\(block.label) (qkv)", demand: Fusion.Demand(float: true))
    let output = floats(block.label, .event, width: block.width)
    emit(
      "\(block.label) (attention)", .event,
      AttentionAction(
        qkv: float(qkv), width: block.width, heads: block.transformer.heads,
        isCausal: block.transformer.causal, isInt8: qkvMatrix.isInt8, output: output))
    return product(
      matrix(block.prefix + "out_weight", bias: block.prefix + "out_bias"),
      Value(operand: output, axis: .event, width: block.width), label: "\(block.label) (out)",
      addend: MappedOperand(operand: float(residual), map: .same), demand: demand)
  }

  /// residual + W₂ · activation(W₁ · x).
  private mutating func addFeedForward(
    _ block: TransformerBlock, _ x: Value, residual: Value, demand: Fusion.Demand,
    into home: FloatOperand?
  ) -> Value {
    var hidden = Fusion.Demand()
    hidden.add(int8: isInt8(block.prefix + "ff2_weight"))
    let first = product(
      matrix(block.prefix + "ff1_weight", bias: block.prefix + "ff1_bias"), x,
      label: "\(block.label) (ff1)", activation: Activation(block.transformer.activation),
      demand: hidden)
    return product(
      matrix(block.prefix + "ff2_weight", bias: block.prefix + "ff2_bias"), first,
      label: "\(block.label) (ff2)",
      addend: MappedOperand(operand: float(residual), map: .same), demand: demand, into: home)
  }

  /// In place unless another place is given.
  private mutating func norm(
    _ role: String, _ block: TransformerBlock, _ x: Value, into output: FloatOperand?, isInt8: Bool
  ) -> Value {
    layerNorm(
      float(x), gain: "\(block.prefix)\(role)_gain", bias: "\(block.prefix)\(role)_bias",
      epsilon: block.transformer.epsilon, label: "\(block.label) (\(role))", axis: .event,
      width: block.width, into: output ?? float(x), isQuantised: isInt8)
  }
}

/// [events, 3·width] → [events, width].
struct AttentionAction: Action {
  let qkv: FloatOperand
  let width: Int
  let heads: Int
  let isCausal: Bool
  let isInt8: Bool
  let output: FloatOperand

  var blocks: [Int] { [qkv.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String {
    "attention \(isInt8 ? "int8" : "float32") [\(width)], \(heads) heads\(isCausal ? ", causal" : "")"
  }
  var growth: Growth { .eventPairs }
  func scratchBytes(_ size: ChunkSize) -> Int {
    KernelTable.scratchBytes(
      attentionRowsMax: size.eventsOfAUserMax, width: width, heads: heads)
  }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks and scratch of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.attention(
      workspace.rows(qkv), offsets: workspace.eventOffsets, users: workspace.chunk[.user].count,
      width: width, heads: heads, causal: isCausal, int8: isInt8, into: workspace.rows(output),
      scratch: workspace.scratch)
  }
}
