internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ activation: Operation.ElementFunction) -> any Lowering { activation }
}

extension Operation.ElementFunction: Lowering {
  func reading(_ name: String) -> Reading { .elements(Activation(self)) }
  func lower(_ node: Int, into builder: inout PlanBuilder) {
    builder.activate(node, with: Activation(self))
  }
}

extension Activation {
  fileprivate init(_ element: Operation.ElementFunction) {
    self =
      switch (element.function, element.slope) {
      case (.relu, nil): .relu
      case (.gelu, nil): .gelu
      case (.tanh, nil): .tanh
      case (.sigmoid, nil): .sigmoid
      case (.silu, nil): .silu
      case (.geluTanh, nil): .geluTanh
      case (.softplus, nil): .softplus
      case (.hardSigmoid, nil): .hardSigmoid
      case (.leakyReLU, let slope?): .leakyReLU(slope: slope)
      case (.elu, let slope?): .elu(slope: slope)
      case (.leakyReLU, nil), (.elu, nil), (_, .some):
        preconditionFailure("a typed activation has a slope exactly where it needs one")
      }
  }
}
