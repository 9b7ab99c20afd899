internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ add: Operation.Add) -> any Lowering { add }
}

extension Operation.Add: Lowering {
  func reading(_ name: String) -> Reading { .floats }
  func lower(_ node: Int, into builder: inout PlanBuilder) { builder.combine(node, by: .add) }
}
