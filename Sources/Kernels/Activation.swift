internal import CKernels

/// A function of each number by itself, also at the end of a product. Error bounds against the exact function
/// stand in `Sources/CKernels/steps.h`.
public enum Activation: Hashable, Sendable {
  case none
  case relu
  /// x/2 · (1 + erf(x/√2)).
  case gelu
  case tanh
  case sigmoid
  /// x · sigmoid(x).
  case silu
  /// x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))).
  case geluTanh
  /// ln(1 + eˣ).
  case softplus
  /// x/6 + ½ within 0 … 1.
  case hardSigmoid
  /// x above 0, else slope · x.
  case leakyReLU(slope: Float)
  /// x above 0, else slope · (eˣ − 1).
  case elu(slope: Float)

  var code: tsr_activation {
    switch self {
    case .none: TSR_NONE
    case .relu: TSR_RELU
    case .gelu: TSR_GELU
    case .tanh: TSR_TANH
    case .sigmoid: TSR_SIGMOID
    case .silu: TSR_SILU
    case .geluTanh: TSR_GELU_TANH
    case .softplus: TSR_SOFTPLUS
    case .hardSigmoid: TSR_HARD_SIGMOID
    case .leakyReLU: TSR_LEAKY_RELU
    case .elu: TSR_ELU
    }
  }

  /// 0 where the function has none.
  var slope: Float {
    switch self {
    case .leakyReLU(let slope), .elu(let slope): slope
    case .none, .relu, .gelu, .tanh, .sigmoid, .silu, .geluTanh, .softplus, .hardSigmoid: 0
    }
  }
}
