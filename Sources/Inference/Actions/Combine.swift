internal import Kernels
internal import ModelGraph

/// left and right, combined element by element: [rows, width].
struct CombineAction: Action {
  let left: MappedOperand
  let combination: Combination
  let right: MappedOperand
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [left.operand.block, right.operand.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "\(combination) [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.combine(
      workspace.mapped(left), combination, workspace.mapped(right), rows: rows, width: width,
      into: workspace.rows(output))
  }
}

extension PlanBuilder {
  /// A step for each input after the first.
  mutating func combine(_ index: Int, by combination: Combination) {
    let node = graph.nodes[index]
    let label = node.description.name
    var left = mapped(value(node.sources[0]), to: node.axis)
    for position in 1..<node.sources.count {
      let right = mapped(value(node.sources[position]), to: node.axis)
      let output =
        position == node.sources.count - 1
        ? target(.node(index), label: label) : floats(label, node.axis, width: node.width)
      emit(
        label, node.axis,
        CombineAction(
          left: left, combination: combination, right: right, width: node.width, output: output))
      left = MappedOperand(operand: output, map: .same)
    }
    values[.node(index)] = Value(operand: left.operand, axis: node.axis, width: node.width)
  }
}
