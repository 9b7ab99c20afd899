internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ lstm: Operation.LSTM) -> any Lowering { lstm }
}

extension Operation.LSTM: Lowering {
  func reading(_ name: String) -> Reading { recurrentReading(name) }
  func lower(_ node: Int, into builder: inout PlanBuilder) {
    lower(node, as: .lstm, into: &builder)
  }
}
