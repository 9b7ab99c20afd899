internal import TesseraWire

extension Operation {
  /// Attributes of a convolution over each user's events.
  public struct Conv1D: Hashable, Sendable {
    /// Width of the result.
    public var filters: Int
    /// The windows that are multiplied.
    public var windows: Windows
    /// Whether a bias is added.
    public var useBias: Bool
    /// Applied to the sum.
    public var activation: Activation
    /// All attributes.
    public init(
      filters: Int, windows: Windows, useBias: Bool = true, activation: Activation = .none
    ) {
      self.filters = filters
      self.windows = windows
      self.useBias = useBias
      self.activation = activation
    }
  }
}

extension Operation.Conv1D: WindowedBody {
  static let word = "conv1d"
  static let attributes = [
    "filters", "kernel", "stride", "dilation", "padding", "use_bias", "activation",
  ]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      filters: try object.required("filters"),
      windows: Operation.Windows(
        size: try object.required("kernel"), stride: try object.optional("stride") ?? 1,
        dilation: try object.optional("dilation") ?? 1,
        padding: try object.word("padding") ?? .valid),
      useBias: try object.optional("use_bias") ?? true,
      activation: try object.word("activation") ?? .none)
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(filters, forKey: .init("filters"))
    try object.encode(windows.size, forKey: .init("kernel"))
    try object.encode(windows.stride, forKey: .init("stride"))
    try object.encode(windows.dilation, forKey: .init("dilation"))
    try object.encode(windows.padding.rawValue, forKey: .init("padding"))
    try object.encode(useBias, forKey: .init("use_bias"))
    try object.encode(activation.rawValue, forKey: .init("activation"))
  }

  var operation: Operation { .conv1d(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    let width = try inputs.width(0)
    try windows.check(at: inputs.place, size: "kernel")
    try inputs.checkOnEvents()
    _ = try inputs.checkedWidth(windows.size * width, "the width of a window")
    return (.event, try inputs.checkedWidth(filters, "\"filters\""))
  }
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor] {
    let name = inputs.node.name
    let depth = windows.size * (try inputs.width(0))
    let weight = NeededTensor.matrix("\(name).weight", filters, depth)
    return useBias ? [weight, .vector("\(name).bias", filters)] : [weight]
  }
  var isProbability: Bool { activation == .sigmoid }
  /// Windows × (kernel · columns) × filters.
  func multiplyAccumulates(_ read: ReadColumns) -> Int {
    let rows = windows.sequence(of: 0).rows(of: read.rows[.event])
    return rows * windows.size * read.width * filters
  }
}
