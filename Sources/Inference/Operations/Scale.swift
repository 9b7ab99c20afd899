internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ scale: Operation.Scale) -> any Lowering { scale }
}

extension Operation.Scale: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ node: Int, into builder: inout PlanBuilder) {
    let name = builder.graph.nodes[node].description.name
    builder.scale(
      node, gain: builder.constants("\(name).gain"), bias: builder.constants("\(name).bias"))
  }
}

extension PlanBuilder {
  /// A step that multiplies each column of the node's input and adds to it.
  mutating func scale(_ index: Int, gain: FloatConstants, bias: FloatConstants) {
    let node = graph.nodes[index]
    let label = node.description.name
    let output = target(.node(index), label: label)
    emit(
      label, node.axis,
      ScaleAction(
        input: float(value(node.sources[0])), gain: gain, bias: bias, width: node.width,
        output: output))
    values[.node(index)] = Value(operand: output, axis: node.axis, width: node.width)
  }
}

/// input · gain + bias of each column: [rows, width].
struct ScaleAction: Action {
  let input: FloatOperand
  let gain: FloatConstants
  let bias: FloatConstants
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "scale [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace and constants of the plan, which outlive the call.
    unsafe workspace.plan.kernels.scale(
      workspace.rows(input), gain: gain.base, bias: bias.base, rows: rows, width: width,
      into: workspace.rows(output))
  }
}
