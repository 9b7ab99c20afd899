internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ minimum: Operation.Minimum) -> any Lowering { minimum }
}

extension Operation.Minimum: Lowering {
  func reading(_ name: String) -> Reading { .floats }
  func lower(_ node: Int, into builder: inout PlanBuilder) { builder.combine(node, by: .minimum) }
}
