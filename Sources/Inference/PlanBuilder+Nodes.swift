internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// How each operation becomes steps; LSTM and transformer stand in `PlanBuilder+Sequences.swift`.
extension PlanBuilder {
  mutating func addNode(_ index: Int) {
    let node = graph.nodes[index]
    switch node.description.operation {
    case .embedding(let embedding): addEmbedding(index, embedding)
    case .concat: addConcat(index)
    case .add: addCombination(index, .add)
    case .multiply: addCombination(index, .multiply)
    case .linear(let linear): addLinear(index, linear)
    case .lstm(let lstm): addLSTM(index, lstm)
    case .transformer(let transformer): addTransformer(index, transformer)
    case .layerNorm(let epsilon): addLayerNorm(index, epsilon)
    case .pool(let mode): addPool(index, mode)
    case .sigmoid: addSigmoid(index)
    }
  }

  private mutating func addEmbedding(_ index: Int, _ embedding: Operation.Embedding) {
    guard fusion.isRead(index) else { return }
    let node = graph.nodes[index]
    let label = node.description.name
    let (ids, bagOffsets) = ids(node.sources[0])
    let output = target(.node(index), label: label)
    emit(
      label, node.axis,
      .gather(
        table(embedding.table), ids: ids, bagOffsets: bagOffsets,
        embedding.reduce == .mean ? .mean : .sum, output: output))
    values[.node(index)] = Value(operand: output, axis: node.axis, width: node.width)
  }

  private mutating func addConcat(_ index: Int) {
    // A concat inside another has no steps of its own: its inputs lie in the outer one.
    guard let concat = fusion.concats[index] else { return }
    var parts: [Fusion.Part: Value] = [:]
    for part in Fusion.Part.allCases {
      if let group = concat[part] { parts[part] = addGroup(index, part, group) }
    }
    if concat.isSplit { splits[index] = parts } else { values[.node(index)] = parts[.rest] }
  }

  /// The group's value. Most leaves lie in its block already; the others are copied there, rows of
  /// users once for each of their events or coupons. Neighbours that are neighbours already, in another
  /// concat, are copied together.
  private mutating func addGroup(_ concat: Int, _ part: Fusion.Part, _ group: Fusion.Group) -> Value
  {
    if group.leaves.count == 1 { return value(group.leaves[0].source) }
    let label = graph.nodes[concat].description.name
    let block = groupBlock(concat, part)
    var pending: (input: MappedOperand, column: Int, width: Int)?
    func copy(_ builder: inout PlanBuilder) {
      guard let run = pending else { return }
      let output = FloatOperand(block: block, column: run.column)
      builder.emit(label, group.axis, .copy(run.input, width: run.width, output: output))
      pending = nil
    }
    var column = 0
    for leaf in group.leaves {
      let width = leaf.columns.count
      let place = Fusion.Home(concat: concat, part: part, column: column)
      if fusion.homes[leaf.source] == place {
        copy(&self)
      } else {
        let input = mapped(value(leaf.source), to: group.axis)
        if let run = pending, run.input.map == input.map,
          run.input.operand.block == input.operand.block,
          run.input.operand.column + run.width == input.operand.column
        {
          pending?.width += width
        } else {
          copy(&self)
          pending = (input, column, width)
        }
      }
      column += width
    }
    copy(&self)
    return Value(operand: FloatOperand(block: block), axis: group.axis, width: column)
  }

  /// The value read from rows of another axis.
  func mapped(_ value: Value, to axis: Axis) -> MappedOperand {
    let map: RowMap =
      switch (value.axis, axis) {
      case (.user, .event): .userOfEvent
      case (.user, .coupon): .userOfCoupon
      default: .same
      }
    return MappedOperand(operand: float(value), map: map)
  }

  private mutating func addCombination(_ index: Int, _ combination: Combination) {
    let node = graph.nodes[index]
    let label = node.description.name
    var left = mapped(value(node.sources[0]), to: node.axis)
    for position in 1..<node.sources.count {
      let right = mapped(value(node.sources[position]), to: node.axis)
      let output =
        position == node.sources.count - 1
        ? target(.node(index), label: label) : floats(label, node.axis, width: node.width)
      emit(label, node.axis, .combine(left, combination, right, width: node.width, output: output))
      left = MappedOperand(operand: output, map: .same)
    }
    values[.node(index)] = Value(operand: left.operand, axis: node.axis, width: node.width)
  }

  private mutating func addLinear(_ index: Int, _ linear: Operation.Linear) {
    let node = graph.nodes[index]
    let label = node.description.name
    let result = TypedGraph.Source.node(fusion.sigmoids[index] ?? index)
    let activation: Activation =
      fusion.sigmoids[index] == nil ? Activation(linear.activation) : .sigmoid
    let bias = linear.useBias ? "\(label).bias" : nil
    let weight = "\(label).weight"
    let demand = fusion.demand(for: result)
    let home = home(result)

    guard case .node(let source) = node.sources[0], let parts = splits[source],
      let concat = fusion.parts(of: node.sources[0], for: index), let rest = parts[.rest]
    else {
      values[result] = product(
        matrix(weight, bias: bias), value(node.sources[0]), label: label, activation: activation,
        demand: demand, into: home)
      return
    }
    // W·[u ⊕ c] + b = (W_u·u + b) + W_c·c: the first part once for each user.
    let userPart = parts[.user].map { user in
      product(
        matrix(weight, bias: bias, columns: concat.user?.leaves.map(\.columns)), user,
        label: "\(label) (user part)", demand: Fusion.Demand(float: true))
    }
    values[result] = product(
      matrix(
        weight, bias: userPart == nil ? bias : nil, columns: concat.rest?.leaves.map(\.columns)),
      rest, label: label, addend: userPart.map { mapped($0, to: rest.axis) },
      activation: activation, demand: demand, into: home)
  }

  private mutating func addLayerNorm(_ index: Int, _ epsilon: Float) {
    let node = graph.nodes[index]
    let label = node.description.name
    let output = target(.node(index), label: label)
    values[.node(index)] = layerNorm(
      float(value(node.sources[0])), gain: "\(label).gain", bias: "\(label).bias",
      epsilon: epsilon, label: label, axis: node.axis, width: node.width, into: output,
      isQuantised: fusion.demand(for: .node(index)).quantised)
  }

  mutating func layerNorm(
    _ input: FloatOperand, gain: String, bias: String, epsilon: Float, label: String, axis: Axis,
    width: Int, into output: FloatOperand, isQuantised: Bool
  ) -> Value {
    let quantised = isQuantised ? block(label, axis, .quantised(columns: width)) : nil
    emit(
      label, axis,
      .layerNorm(
        input, gain: constants(gain), bias: constants(bias), epsilon: epsilon, width: width,
        output: output, quantised: quantised))
    return Value(operand: output, quantised: quantised, axis: axis, width: width)
  }

  private mutating func addPool(_ index: Int, _ mode: Operation.Pooling) {
    let node = graph.nodes[index]
    let label = node.description.name
    let mode: Pooling =
      switch mode {
      case .last: .last
      case .first: .first
      case .mean: .mean
      case .max: .max
      }
    let output = target(.node(index), label: label)
    emit(
      label, .user,
      .pool(float(value(node.sources[0])), width: node.width, mode, output: output))
    values[.node(index)] = Value(operand: output, axis: .user, width: node.width)
  }

  private mutating func addSigmoid(_ index: Int) {
    // Already applied at the end of a product.
    guard values[.node(index)] == nil else { return }
    let node = graph.nodes[index]
    let label = node.description.name
    let output = target(.node(index), label: label)
    emit(
      label, node.axis,
      .activate(float(value(node.sources[0])), .sigmoid, width: node.width, output: output))
    values[.node(index)] = Value(operand: output, axis: node.axis, width: node.width)
  }
}
