internal import Kernels
internal import ModelGraph

/// Each number by itself: [rows, width] → [rows, width].
struct ActivateAction: Action {
  let input: FloatOperand
  let activation: Activation
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "\(activation) [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.activate(
      workspace.rows(input), activation, rows: rows, width: width, into: workspace.rows(output))
  }
}

extension PlanBuilder {
  /// A step, unless a product before the node ends with the activation.
  mutating func activate(_ index: Int, with activation: Activation) {
    guard values[.node(index)] == nil else { return }
    let node = graph.nodes[index]
    let label = node.description.name
    let output = target(.node(index), label: label)
    emit(
      label, node.axis,
      ActivateAction(
        input: float(value(node.sources[0])), activation: activation, width: node.width,
        output: output))
    values[.node(index)] = Value(operand: output, axis: node.axis, width: node.width)
  }
}

extension Activation {
  init(_ activation: Operation.Activation) {
    self =
      switch activation {
      case .none: .none
      case .relu: .relu
      case .gelu: .gelu
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .silu: .silu
      case .geluTanh: .geluTanh
      case .softplus: .softplus
      case .hardSigmoid: .hardSigmoid
      }
  }
}
