internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ softmax: Operation.Softmax) -> any Lowering { softmax }
}

extension Operation.Softmax: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let output = builder.target(.node(index), label: label)
    builder.emit(
      label, node.axis,
      SoftmaxAction(
        input: builder.float(builder.value(node.sources[0])), width: node.width,
        output: output))
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: output, axis: node.axis, width: node.width)
  }
}

/// Each row as shares of 1: [rows, width].
struct SoftmaxAction: Action {
  let input: FloatOperand
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "softmax [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.softmax(
      workspace.rows(input), rows: rows, width: width, into: workspace.rows(output))
  }
}
