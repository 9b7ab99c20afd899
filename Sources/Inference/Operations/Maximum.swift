internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ maximum: Operation.Maximum) -> any Lowering { maximum }
}

extension Operation.Maximum: Lowering {
  func reading(_ name: String) -> Reading { .floats }
  func lower(_ node: Int, into builder: inout PlanBuilder) { builder.combine(node, by: .maximum) }
}
