internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ dot: Operation.Dot) -> any Lowering { dot }
}

extension Operation.Dot: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let (left, right) = (builder.value(node.sources[0]), builder.value(node.sources[1]))
    let output = builder.target(.node(index), label: label)
    builder.emit(
      label, node.axis,
      DotAction(
        left: builder.mapped(left, to: node.axis), right: builder.mapped(right, to: node.axis),
        width: left.width, output: output))
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: output, axis: node.axis, width: node.width)
  }
}

/// Σ left · right: [rows, 1].
struct DotAction: Action {
  let left: MappedOperand
  let right: MappedOperand
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [left.operand.block, right.operand.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "dot [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.dot(
      workspace.mapped(left), workspace.mapped(right), rows: rows, width: width,
      into: workspace.rows(output))
  }
}
