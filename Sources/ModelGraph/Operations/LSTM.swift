internal import TesseraWire

extension Operation {
  /// Attributes of a long short-term memory over each user's events.
  public struct LSTM: Hashable, Sendable {
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

    /// What leaves an LSTM.
    public enum Returned: String, Hashable, Sendable, CaseIterable {
      /// The hidden state after each event: event axis.
      case sequence
      /// The last hidden state: user axis.
      case state
    }
  }
}

extension Operation.LSTM {
  /// A reading direction. Raw values are those of the tensors' names.
  package enum Direction: String { case forward, backward }

  /// The directions of each layer, in the order of their columns in its result.
  package var directions: [Direction] { bidirectional ? [.forward, .backward] : [.forward] }
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
    try object.encode(units, forKey: .init("units"))
    try object.encode(layers, forKey: .init("layers"))
    try object.encode(bidirectional, forKey: .init("bidirectional"))
    try object.encode(returns.rawValue, forKey: .init("returns"))
  }

  var operation: Operation { .lstm(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    _ = try inputs.width(0)
    try checkCount(units, in: 1...ModelLimits.lstmUnitsMax, at: inputs.place, "\"units\"")
    try checkCount(layers, in: 1...ModelLimits.layersMax, at: inputs.place, "\"layers\"")
    try inputs.checkOnEvents()
    return (returns == .sequence ? .event : .user, units * directions.count)
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    var tensors: [NeededTensor] = []
    var width = try inputs.width(0)
    for layer in 0..<layers {
      for direction in directions {
        let role = "\(inputs.node.name).\(layer).\(direction.rawValue)."
        tensors += [
          .matrix(role + "input_weight", 4 * units, width),
          .matrix(role + "recurrent_weight", 4 * units, units),
          .vector(role + "bias", 4 * units),
        ]
      }
      width = units * directions.count
    }
    return tensors
  }
  var isProbability: Bool { false }
  /// T × 4u × (in + u) for each layer and direction.
  func multiplyAccumulates(_ read: ReadColumns) -> Int {
    let upperWidths = (layers - 1) * directions.count * units
    let columns = read.width + upperWidths + layers * units
    return directions.count * read.rows[.event] * 4 * units * columns
  }
}
