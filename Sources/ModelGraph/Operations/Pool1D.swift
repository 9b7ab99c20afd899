internal import TesseraWire

extension Operation {
  /// Attributes of pooling over windows of each user's events.
  public struct Pool1D: Hashable, Sendable {
    /// What becomes of a window.
    public var mode: Mode
    /// The windows; their rows follow each other.
    public var windows: Windows
    /// All attributes.
    public init(mode: Mode, windows: Windows) {
      self.mode = mode
      self.windows = windows
    }

    /// What becomes of the rows of a window that are there.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
      /// The largest of each column.
      case max
      /// The mean row.
      case mean
    }

    /// The paddings that pooling has.
    enum Padding: String, CaseIterable { case valid, same }
  }
}

extension Operation.Pool1D: WindowedBody {
  static let word = "pool1d"
  static let attributes = ["mode", "size", "stride", "padding"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    let padding: Padding = try object.word("padding") ?? .valid
    self.init(
      mode: try object.requiredWord("mode"),
      windows: Operation.Windows(
        size: try object.required("size"), stride: try object.required("stride"),
        padding: padding == .same ? .same : .valid))
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(mode.rawValue, forKey: .init("mode"))
    try object.encode(windows.size, forKey: .init("size"))
    try object.encode(windows.stride, forKey: .init("stride"))
    try object.encode(windows.padding.rawValue, forKey: .init("padding"))
  }

  var operation: Operation { .pool1d(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    try windows.check(at: inputs.place, size: "size")
    // A description that was not read from a file can say more than one.
    guard windows.dilation == 1, windows.padding != .causal else {
      throw ModelError(
        .attribute, at: inputs.place, "pool1d has no dilation and no padding but valid and same")
    }
    try inputs.checkOnEvents()
    return (.event, try inputs.width(0))
  }
  func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
  var isProbability: Bool { false }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
}
