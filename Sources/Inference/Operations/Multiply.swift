internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ multiply: Operation.Multiply) -> any Lowering { multiply }
}

extension Operation.Multiply: Lowering {
  func reading(_ name: String) -> Reading { .floats }
  func lower(_ node: Int, into builder: inout PlanBuilder) { builder.combine(node, by: .multiply) }
}
