internal import Kernels
internal import ModelGraph
internal import TesseraWire

extension LoweringOf {
  func visit(_ layerNorm: Operation.LayerNorm) -> any Lowering { layerNorm }
}

extension Operation.LayerNorm: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let output = builder.target(.node(index), label: label)
    builder.values[.node(index)] = builder.layerNorm(
      builder.float(builder.value(node.sources[0])), gain: "\(label).gain", bias: "\(label).bias",
      epsilon: epsilon, label: label, axis: node.axis, width: node.width, into: output,
      isQuantised: builder.fusion.demand(for: .node(index)).quantised)
  }
}

extension PlanBuilder {
  mutating func layerNorm(
    _ input: FloatOperand, gain: String, bias: String, epsilon: Float, label: String, axis: Axis,
    width: Int, into output: FloatOperand, isQuantised: Bool
  ) -> Value {
    let quantised = isQuantised ? block(label, axis, .quantised(columns: width)) : nil
    emit(
      label, axis,
      LayerNormAction(
        input: input, gain: constants(gain), bias: constants(bias), epsilon: epsilon, width: width,
        output: output, quantised: quantised))
    return Value(operand: output, quantised: quantised, axis: axis, width: width)
  }
}

/// [rows, width] → [rows, width].
struct LayerNormAction: Action {
  let input: FloatOperand
  let gain: FloatConstants
  let bias: FloatConstants
  let epsilon: Float
  let width: Int
  let output: FloatOperand
  /// Block of quantised rows.
  let quantised: Int?

  var blocks: [Int] { [input.block, output.block] + [quantised].compactMap(\.self) }
  var weights: [any Weights] { [] }
  var words: String {
    "layer norm [\(width)]\(formWords(float: true, quantised: quantised != nil))"
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace and constants of the plan, which outlive the call.
    unsafe workspace.plan.kernels.layerNorm(
      workspace.rows(input), gain: gain.base, bias: bias.base, epsilon: epsilon, rows: rows,
      width: width, into: workspace.rows(output),
      quantised: quantised.map { unsafe workspace.quantisedRows($0) })
  }
}
