internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ l2Norm: Operation.L2Norm) -> any Lowering { l2Norm }
}

extension Operation.L2Norm: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let output = builder.target(.node(index), label: label)
    builder.emit(
      label, node.axis,
      L2NormAction(
        input: builder.float(builder.value(node.sources[0])), epsilon: epsilon, width: node.width,
        output: output))
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: output, axis: node.axis, width: node.width)
  }
}

/// Each row divided by its length: [rows, width].
struct L2NormAction: Action {
  let input: FloatOperand
  let epsilon: Float
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "l2 norm [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.l2Norm(
      workspace.rows(input), epsilon: epsilon, rows: rows, width: width,
      into: workspace.rows(output))
  }
}
