internal import TesseraWire

extension Operation {
  /// Attributes of a plain recurrent layer over each user's events.
  public struct RNN: Hashable, Sendable, Recurrent {
    /// Width of the state.
    public var units: Int
    /// Stacked layers.
    public var layers: Int
    /// Whether a second RNN reads from the newest event to the oldest.
    public var bidirectional: Bool
    /// What leaves the node.
    public var returns: Returned
    /// What becomes of the sum.
    public var activation: Activation
    /// All attributes.
    public init(
      units: Int, layers: Int = 1, bidirectional: Bool = false, returns: Returned,
      activation: Activation = .tanh
    ) {
      self.units = units
      self.layers = layers
      self.bidirectional = bidirectional
      self.returns = returns
      self.activation = activation
    }

    /// What becomes of the sum of a step.
    public enum Activation: String, Hashable, Sendable, CaseIterable {
      /// Hyperbolic tangent: the state stays within ±1.
      case tanh
      /// max(0, x): the state has no bound, so its product stays float32.
      case relu
    }
  }
}

extension Operation.RNN: OperationBody {
  static let word = "rnn"
  static let attributes = ["units", "layers", "bidirectional", "returns", "activation"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      units: try object.required("units"), layers: try object.optional("layers") ?? 1,
      bidirectional: try object.optional("bidirectional") ?? false,
      returns: try object.requiredWord("returns"),
      activation: try object.word("activation") ?? .tanh)
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try encodeCommonAttributes(into: &object)
    try object.encode(activation.rawValue, forKey: .init("activation"))
  }

  var operation: Operation { .rnn(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  package var gates: Int { 1 }
  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    try recurrentResult(of: inputs)
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    try tensorsOfLayers(inputs) { prefix, width in
      let recurrent = prefix + "recurrent_weight"
      return [
        .matrix(prefix + "input_weight", units, width),
        activation == .relu
          ? .floatMatrix(recurrent, units, units) : .matrix(recurrent, units, units),
        .vector(prefix + "bias", units),
      ]
    }
  }
  var isProbability: Bool { false }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { recurrentProducts(read) }
}
