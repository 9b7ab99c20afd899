internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ gru: Operation.GRU) -> any Lowering { gru }
}

extension Operation.GRU: Lowering {
  func reading(_ name: String) -> Reading { recurrentReading(name) }
  func lower(_ node: Int, into builder: inout PlanBuilder) {
    lower(node, as: resetAfter ? .gru : .gruResetFirst, into: &builder)
  }
}
