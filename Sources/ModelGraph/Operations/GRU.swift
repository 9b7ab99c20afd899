internal import TesseraWire

extension Operation {
  /// Attributes of a gated recurrent unit over each user's events.
  public struct GRU: Hashable, Sendable, Recurrent {
    /// Width of the state.
    public var units: Int
    /// Stacked layers.
    public var layers: Int
    /// Whether a second GRU reads from the newest event to the oldest.
    public var bidirectional: Bool
    /// What leaves the node.
    public var returns: Returned
    /// Whether the reset gate is applied to the product with the state, and not to the state.
    public var resetAfter: Bool
    /// All attributes.
    public init(
      units: Int, layers: Int = 1, bidirectional: Bool = false, returns: Returned,
      resetAfter: Bool = true
    ) {
      self.units = units
      self.layers = layers
      self.bidirectional = bidirectional
      self.returns = returns
      self.resetAfter = resetAfter
    }
  }
}

extension Operation.GRU: OperationBody {
  static let word = "gru"
  static let attributes = ["units", "layers", "bidirectional", "returns", "reset_after"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      units: try object.required("units"), layers: try object.optional("layers") ?? 1,
      bidirectional: try object.optional("bidirectional") ?? false,
      returns: try object.requiredWord("returns"),
      resetAfter: try object.optional("reset_after") ?? true)
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try encodeCommonAttributes(into: &object)
    try object.encode(resetAfter, forKey: .init("reset_after"))
  }

  var operation: Operation { .gru(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  package var gates: Int { 3 }
  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    try recurrentResult(of: inputs)
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    try tensorsOfLayers(inputs) { prefix, width in
      let tensors: [NeededTensor] = [
        .matrix(prefix + "input_weight", gates * units, width),
        .matrix(prefix + "recurrent_weight", gates * units, units),
        .vector(prefix + "bias", gates * units),
      ]
      return resetAfter ? tensors + [.vector(prefix + "recurrent_bias", gates * units)] : tensors
    }
  }
  var isProbability: Bool { false }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { recurrentProducts(read) }
}
