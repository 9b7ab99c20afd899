internal import TesseraWire

extension Operation {
  /// Attributes of a long short-term memory over each user's events.
  public struct LSTM: Hashable, Sendable, Recurrent {
    /// Width of the state.
    public var units: Int
    /// Stacked layers.
    public var layers: Int
    /// Whether a second LSTM reads from the newest event to the oldest.
    public var bidirectional: Bool
    /// What leaves the node.
    public var returns: Returned
    /// All attributes.
    public init(units: Int, layers: Int = 1, bidirectional: Bool = false, returns: Returned) {
      self.units = units
      self.layers = layers
      self.bidirectional = bidirectional
      self.returns = returns
    }
  }
}

extension Operation.LSTM: OperationBody {
  static let word = "lstm"
  static let attributes = ["units", "layers", "bidirectional", "returns"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      units: try object.required("units"), layers: try object.optional("layers") ?? 1,
      bidirectional: try object.optional("bidirectional") ?? false,
      returns: try object.requiredWord("returns"))
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try encodeCommonAttributes(into: &object)
  }

  var operation: Operation { .lstm(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  package var gates: Int { 4 }
  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    try recurrentResult(of: inputs)
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    try tensorsOfLayers(inputs) { prefix, width in
      [
        .matrix(prefix + "input_weight", gates * units, width),
        .matrix(prefix + "recurrent_weight", gates * units, units),
        .vector(prefix + "bias", gates * units),
      ]
    }
  }
  var isProbability: Bool { false }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { recurrentProducts(read) }
}
