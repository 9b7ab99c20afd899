internal import TesseraWire

extension Operation {
  /// Attributes of a stack of self-attention blocks over each user's events.
  public struct Transformer: Hashable, Sendable {
    /// Blocks.
    public var layers: Int
    /// Heads of the attention; divides the width.
    public var heads: Int
    /// Width of the hidden layer between the two products after the attention.
    public var feedForward: Int
    /// Where the normalisations stand.
    public var norm: Norm
    /// Whether an event sees only itself and older events.
    public var causal: Bool
    /// Between the two products of the feed-forward part: relu or gelu.
    public var activation: Activation
    /// What is added to the input to tell positions apart.
    public var positions: Positions
    /// Of the normalisations.
    public var epsilon: Float
    /// All attributes.
    public init(
      layers: Int, heads: Int, feedForward: Int, norm: Norm, causal: Bool = false,
      activation: Activation = .relu, positions: Positions = .none, epsilon: Float
    ) {
      self.layers = layers
      self.heads = heads
      self.feedForward = feedForward
      self.norm = norm
      self.causal = causal
      self.activation = activation
      self.positions = positions
      self.epsilon = epsilon
    }

    /// Where the normalisations stand.
    public enum Norm: String, Hashable, Sendable, CaseIterable {
      /// x + f(norm(x)).
      case pre
      /// norm(x + f(x)).
      case post
    }

    /// What is added to the input to tell positions apart.
    public enum Positions: String, Hashable, Sendable, CaseIterable {
      /// Nothing.
      case none
      /// Rows of a tensor; row 0 belongs to the user's oldest event.
      case learned
      /// Sines and cosines.
      case sinusoidal
    }
  }
}

extension Operation.Transformer: OperationBody {
  static let word = "transformer"
  static let attributes = [
    "layers", "heads", "feed_forward", "norm", "causal", "activation", "positions", "epsilon",
  ]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      layers: try object.required("layers"), heads: try object.required("heads"),
      feedForward: try object.required("feed_forward"), norm: try object.requiredWord("norm"),
      causal: try object.required("causal"), activation: try object.requiredWord("activation"),
      positions: try object.requiredWord("positions"), epsilon: try object.epsilon())
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(layers, forKey: .init("layers"))
    try object.encode(heads, forKey: .init("heads"))
    try object.encode(feedForward, forKey: .init("feed_forward"))
    try object.encode(norm.rawValue, forKey: .init("norm"))
    try object.encode(causal, forKey: .init("causal"))
    try object.encode(activation.rawValue, forKey: .init("activation"))
    try object.encode(positions.rawValue, forKey: .init("positions"))
    try object.encode(epsilon, forKey: .init("epsilon"))
  }

  var operation: Operation { .transformer(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    let (width, place) = (try inputs.width(0), inputs.place)
    try inputs.checkOnEvents()
    try checkCount(layers, in: 1...ModelLimits.layersMax, at: place, "\"layers\"")
    try checkCount(heads, in: 1...ModelLimits.headsMax, at: place, "\"heads\"")
    try checkCount(feedForward, in: 1...ModelLimits.widthMax, at: place, "\"feed_forward\"")
    guard width.isMultiple(of: heads) else {
      throw ModelError(
        .type, at: place,
        "\(heads) heads do not divide the width \(width); choose another number of heads or width")
    }
    guard activation == .relu || activation == .gelu else {
      throw ModelError(
        .attribute, at: place,
        "activation \"\(activation.rawValue)\" is not for transformers; use relu or gelu")
    }
    try inputs.check(epsilon: epsilon)
    return (.event, width)
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    let (name, width) = (inputs.node.name, try inputs.width(0))
    var tensors: [NeededTensor] = []
    if positions == .learned {
      tensors.append(.positions("\(name).positions", rows: limits.events, width: width))
    }
    for layer in 0..<layers {
      let role = "\(name).\(layer)."
      tensors += [
        .matrix(role + "qkv_weight", 3 * width, width), .vector(role + "qkv_bias", 3 * width),
        .matrix(role + "out_weight", width, width), .vector(role + "out_bias", width),
        .vector(role + "norm1_gain", width), .vector(role + "norm1_bias", width),
        .matrix(role + "ff1_weight", feedForward, width), .vector(role + "ff1_bias", feedForward),
        .matrix(role + "ff2_weight", width, feedForward), .vector(role + "ff2_bias", width),
        .vector(role + "norm2_gain", width), .vector(role + "norm2_bias", width),
      ]
    }
    return tensors
  }
  var isProbability: Bool { false }
  /// Each layer T × (3d² + d² + 2·d·ff) and, for the scores and the weighted rows of the attention,
  /// 2 · d × (pairs of events that see each other).
  func multiplyAccumulates(_ read: ReadColumns) -> Int {
    let (events, width) = (read.rows[.event], read.width)
    let pairs = causal ? events * (events + 1) / 2 : events * events
    return layers * (events * width * (4 * width + 2 * feedForward) + 2 * width * pairs)
  }
}
