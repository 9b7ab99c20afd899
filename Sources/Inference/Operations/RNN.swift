internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ rnn: Operation.RNN) -> any Lowering { rnn }
}

extension Operation.RNN: Lowering {
  func reading(_ name: String) -> Reading { recurrentReading(name) }
  func lower(_ node: Int, into builder: inout PlanBuilder) {
    lower(node, as: RecurrentCell(activation), into: &builder)
  }
}

extension RecurrentCell {
  fileprivate init(_ activation: Operation.RNN.Activation) {
    self =
      switch activation {
      case .tanh: .tanh
      case .relu: .relu
      }
  }
}
