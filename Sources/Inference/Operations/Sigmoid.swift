internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ sigmoid: Operation.Sigmoid) -> any Lowering { sigmoid }
}

extension Operation.Sigmoid: Lowering {
  func reading(_ name: String) -> Reading { .elements(.sigmoid) }
  func lower(_ node: Int, into builder: inout PlanBuilder) {
    builder.activate(node, with: .sigmoid)
  }
}
