#if canImport(Glibc)
  internal import Glibc
#else
  internal import Foundation
#endif
internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// What runs over the events of each user.
extension PlanBuilder {
  mutating func addLSTM(_ index: Int, _ lstm: Operation.LSTM) {
    let node = graph.nodes[index]
    let name = node.description.name
    let directions = lstm.bidirectional ? ["forward", "backward"] : ["forward"]
    var source = LSTMSource.value(node.sources[0])
    for layer in 0..<lstm.layers {
      let isLast = layer == lstm.layers - 1
      let label = lstm.layers == 1 ? name : "\(name).\(layer)"
      let returnsState = isLast && lstm.returns == .state
      let output =
        isLast
        ? target(.node(index), label: label)
        : floats(label, .event, width: lstm.units * directions.count)
      for (position, direction) in directions.enumerated() {
        let role = "\(name).\(layer).\(direction)."
        let input = lstmInput(source, of: index, role: role, label: label)
        let part = FloatOperand(block: output.block, column: output.column + position * lstm.units)
        emit(
          label, returnsState ? .user : .event,
          .lstm(
            input,
            recurrent: matrix(role + "recurrent_weight", bias: role + "bias", isLSTM: true),
            backward: direction == "backward", sequence: returnsState ? nil : part,
            state: returnsState ? part : nil))
      }
      let value = Value(
        operand: output, axis: returnsState ? .user : .event, width: lstm.units * directions.count)
      source = .layer(value)
      values[.node(index)] = value
    }
  }

  /// What a layer reads: the node's input, or the layer below.
  private enum LSTMSource {
    case value(Source)
    case layer(Value)
  }

  /// The gates' input: the parts of a split concat each in its way, or one product.
  private mutating func lstmInput(
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

  mutating func addTransformer(_ index: Int, _ transformer: Operation.Transformer) {
    let node = graph.nodes[index]
    let name = node.description.name
    var x = value(node.sources[0])
    if transformer.positions != .none {
      let table =
        transformer.positions == .learned
        ? constants("\(name).positions") : sinusoids(width: node.width)
      let output = floats(name, .event, width: node.width)
      emit(
        "\(name) (positions)", .event,
        .addPositions(float(x), table, width: node.width, output: output))
      x = Value(operand: output, axis: .event, width: node.width)
    }
    for layer in 0..<transformer.layers {
      let isLast = layer == transformer.layers - 1
      var next = Fusion.Demand(float: true)
      if isLast {
        next = fusion.demand(for: .node(index))
      } else if transformer.norm == .post {
        next.add(int8: isInt8("\(name).\(layer + 1).qkv_weight"))
      }
      let home = isLast ? home(.node(index)) : nil
      let block = TransformerBlock(
        prefix: "\(name).\(layer).", label: transformer.layers == 1 ? name : "\(name).\(layer)",
        width: node.width, transformer: transformer)
      x =
        transformer.norm == .post
        ? addPostNorm(block, x, next, home) : addPreNorm(block, x, next, home)
    }
    values[.node(index)] = x
  }

  private struct TransformerBlock {
    let prefix: String
    let label: String
    let width: Int
    let transformer: Operation.Transformer
  }

  /// y = norm(x + attention(x)); norm(y + ff(y)).
  private mutating func addPostNorm(
    _ block: TransformerBlock, _ x: Value, _ next: Fusion.Demand, _ home: FloatOperand?
  ) -> Value {
    let attended = addAttention(block, of: x, residual: x, demand: Fusion.Demand(float: true))
    let y = norm("norm1", block, attended, into: nil, isInt8: isInt8(block.prefix + "ff1_weight"))
    let fed = addFeedForward(block, y, residual: y, demand: Fusion.Demand(float: true), into: nil)
    return norm("norm2", block, fed, into: home, isInt8: next.quantised)
  }

  /// y = x + attention(norm(x)); y + ff(norm(y)).
  private mutating func addPreNorm(
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
      .attention(
        qkv: float(qkv), width: block.width, heads: block.transformer.heads,
        causal: block.transformer.causal, int8: qkvMatrix.isInt8, output: output))
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

  /// pe[p, 2i] = sin(p / 10000^(2i/width)), pe[p, 2i + 1] = cos(same): [events, width].
  private func sinusoids(width: Int) -> FloatConstants {
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
