internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ subtract: Operation.Subtract) -> any Lowering { subtract }
}

extension Operation.Subtract: Lowering {
  func reading(_ name: String) -> Reading { .floats }
  func lower(_ node: Int, into builder: inout PlanBuilder) { builder.combine(node, by: .subtract) }
}
