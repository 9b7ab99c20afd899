internal import ModelGraph
internal import TesseraWire

extension LoweringOf {
  func visit(_ concat: Operation.Concat) -> any Lowering { concat }
}

extension Operation.Concat: Lowering {
  func reading(_ name: String) -> Reading { .sideBySide }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    // A concat inside another has no steps of its own: its inputs lie in the outer one.
    guard let concat = builder.fusion.concats[index] else { return }
    var parts: [Fusion.Part: PlanBuilder.Value] = [:]
    for part in Fusion.Part.allCases {
      if let group = concat[part] { parts[part] = builder.addGroup(index, part, group) }
    }
    if concat.isSplit {
      builder.splits[index] = parts
    } else {
      builder.values[.node(index)] = parts[.rest]
    }
  }
}

extension PlanBuilder {
  /// The group's value. Most leaves lie in its block already; the others are copied there, rows of
  /// users once for each of their events or coupons. Neighbours that are neighbours already, in another
  /// concat, are copied together.
  fileprivate mutating func addGroup(_ concat: Int, _ part: Fusion.Part, _ group: Fusion.Group)
    -> Value
  {
    if group.leaves.count == 1 { return value(group.leaves[0].source) }
    let label = graph.nodes[concat].description.name
    let block = groupBlock(concat, part)
    var pending: (input: MappedOperand, column: Int, width: Int)?
    func copy(_ builder: inout PlanBuilder) {
      guard let run = pending else { return }
      let output = FloatOperand(block: block, column: run.column)
      builder.emit(
        label, group.axis, CopyAction(input: run.input, width: run.width, output: output))
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
}
