internal import TesseraWire

extension Operation {
  /// Attributes of a slice: neighbouring columns of a vector.
  public struct Slice: Hashable, Sendable {
    /// The first column, counted from 0.
    public var begin: Int
    /// How many columns.
    public var width: Int
    /// All attributes.
    public init(begin: Int, width: Int) {
      self.begin = begin
      self.width = width
    }
  }
}

extension Operation.Slice: OperationBody {
  static let word = "slice"
  static let attributes = ["begin", "width"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(begin: try object.required("begin"), width: try object.required("width"))
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(begin, forKey: .init("begin"))
    try object.encode(width, forKey: .init("width"))
  }

  var operation: Operation { .slice(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    let whole = try inputs.width(0)
    // Compared without a sum, which two large numbers would overflow.
    guard (0..<whole).contains(begin), width >= 1, width <= whole - begin else {
      throw ModelError(
        .attribute, at: inputs.place,
        "\(width) columns from column \(begin) on do not lie in \"\(inputs.node.inputs[0])\", which is "
          + "\(whole) wide; \"begin\" counts from 0, \"width\" from 1")
    }
    return (inputs.edges[0].axis, width)
  }
  func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
  var isProbability: Bool { false }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
}
