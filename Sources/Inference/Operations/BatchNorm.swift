internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ batchNorm: Operation.BatchNorm) -> any Lowering { batchNorm }
}

extension Operation.BatchNorm: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  /// gain · (x − mean) / √(variance + epsilon) + bias = x · g + (bias − mean · g): two numbers a column, taken
  /// here once, each step rounded to float32.
  func lower(_ node: Int, into builder: inout PlanBuilder) {
    let name = builder.graph.nodes[node].description.name
    func numbers(_ role: String) -> [Float] { builder.tensor("\(name).\(role)").dequantised() }
    let gain = zip(numbers("gain"), numbers("variance")).map { gain, variance in
      gain / (variance + epsilon).squareRoot()
    }
    let shifted = zip(gain, numbers("mean")).map { gain, mean in mean * gain }
    let bias = zip(numbers("bias"), shifted).map { bias, shift in bias - shift }
    builder.scale(node, gain: FloatConstants(gain), bias: FloatConstants(bias))
  }
}
