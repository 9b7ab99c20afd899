internal import TesseraWire

extension Operation {
  /// Attributes of an activation that is a node of its own.
  public struct ElementFunction: Hashable, Sendable {
    /// What becomes of each number.
    public var function: Word
    /// The factor below zero of a leaky relu or an elu; nil for all others.
    public var slope: Float?
    /// All attributes.
    public init(_ function: Word, slope: Float? = nil) {
      self.function = function
      self.slope = slope
    }

    /// The functions, as `function` names them.
    public enum Word: String, Hashable, Sendable, CaseIterable {
      /// max(0, x).
      case relu
      /// x · Φ(x), with the error function, not the tanh approximation.
      case gelu
      /// Hyperbolic tangent.
      case tanh
      /// 1 / (1 + exp(−x)).
      case sigmoid
      /// x / (1 + exp(−x)).
      case silu
      /// x above 0, else slope · x.
      case leakyReLU = "leaky_relu"
      /// x above 0, else slope · (exp(x) − 1).
      case elu
      /// x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))).
      case geluTanh = "gelu_tanh"
      /// ln(1 + exp(x)).
      case softplus
      /// x/6 + 1/2, within 0 … 1.
      case hardSigmoid = "hard_sigmoid"

      /// Whether it reads a slope.
      var hasSlope: Bool {
        switch self {
        case .leakyReLU, .elu: true
        case .relu, .gelu, .tanh, .sigmoid, .silu, .geluTanh, .softplus, .hardSigmoid: false
        }
      }
    }
  }
}

extension Operation.ElementFunction: OperationBody {
  static let word = "activation"
  static let attributes = ["function", "slope"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(try object.requiredWord("function"), slope: try object.float("slope"))
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(function.rawValue, forKey: .init("function"))
    try object.encodeIfPresent(slope, forKey: .init("slope"))
  }

  var operation: Operation { .activation(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    let place = inputs.place
    switch slope {
    case nil where function.hasSlope:
      throw ModelError(
        .attribute, at: place,
        "\(function.rawValue) needs \"slope\", its factor below zero (Keras's defaults: leaky_relu 0.2, "
          + "elu 1)")
    case .some where !function.hasSlope:
      throw ModelError(
        .attribute, at: place,
        "\"slope\" is for leaky_relu and elu; \(function.rawValue) has none, remove it")
    case let slope? where !(slope >= 0 && slope.isFinite):
      throw ModelError(
        .attribute, at: place, "\"slope\" is \(slope); it must be a number of at least 0")
    case .some, nil: break
    }
    return (inputs.edges[0].axis, try inputs.width(0))
  }
  func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
  var isProbability: Bool { function == .sigmoid }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
}
