internal import TesseraWire

extension Operation {
  /// Attributes of a linear node: activation(W·x + b).
  public struct Linear: Hashable, Sendable {
    /// Width of the result.
    public var units: Int
    /// Whether a bias is added.
    public var useBias: Bool
    /// Applied to the sum.
    public var activation: Activation
    /// All attributes.
    public init(units: Int, useBias: Bool = true, activation: Activation = .none) {
      self.units = units
      self.useBias = useBias
      self.activation = activation
    }
  }

  /// A function applied to every element that needs nothing beside its name.
  public enum Activation: String, Hashable, Sendable, CaseIterable {
    /// x.
    case none
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
    /// x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))).
    case geluTanh = "gelu_tanh"
    /// ln(1 + exp(x)).
    case softplus
    /// x/6 + 1/2, within 0 … 1.
    case hardSigmoid = "hard_sigmoid"
  }
}

extension Operation.Linear: OperationBody {
  static let word = "linear"
  static let attributes = ["units", "use_bias", "activation"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      units: try object.required("units"), useBias: try object.optional("use_bias") ?? true,
      activation: try object.word("activation") ?? .none)
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(units, forKey: .init("units"))
    try object.encode(useBias, forKey: .init("use_bias"))
    try object.encode(activation.rawValue, forKey: .init("activation"))
  }

  var operation: Operation { .linear(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    _ = try inputs.width(0)
    return (inputs.edges[0].axis, try inputs.checkedWidth(units, "\"units\""))
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    let name = inputs.node.name
    let weight = NeededTensor.matrix("\(name).weight", units, try inputs.width(0))
    return useBias ? [weight, .vector("\(name).bias", units)] : [weight]
  }
  var isProbability: Bool { activation == .sigmoid }
  /// (columns × rows) × units, where columns that a user shares among its rows count once.
  func multiplyAccumulates(_ read: ReadColumns) -> Int {
    units * read.parts.reduce(0) { $0 + read.rows[$1.axis] * $1.width }
  }
}
