internal import TesseraWire

extension Operation {
  /// Attributes of an embedding: a row of a table for each id; the mean or sum of rows for a bag.
  public struct Embedding: Hashable, Sendable {
    /// The tensor's name; several embeddings may share it.
    public var table: String
    /// Columns of the table.
    public var width: Int
    /// How the rows of a bag become one; nil for a plain id.
    public var reduce: Reduction?
    /// All attributes.
    public init(table: String, width: Int, reduce: Reduction? = nil) {
      self.table = table
      self.width = width
      self.reduce = reduce
    }
  }

  /// How the rows of a bag become one. An empty bag gives zeros.
  public enum Reduction: String, Hashable, Sendable, CaseIterable {
    /// Sum over the bag divided by its size.
    case mean
    /// Sum over the bag.
    case sum
  }
}

extension Operation.Embedding: OperationBody {
  static let word = "embedding"
  static let attributes = ["table", "width", "reduce"]
  static let inputCounts = 1...1

  init(_ object: StrictObject) throws {
    self.init(
      table: try object.required("table"), width: try object.required("width"),
      reduce: try object.word("reduce"))
  }
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    try object.encode(table, forKey: .init("table"))
    try object.encode(width, forKey: .init("width"))
    try object.encodeIfPresent(reduce?.rawValue, forKey: .init("reduce"))
  }

  var operation: Operation { .embedding(self) }
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    visitor.visit(self)
  }

  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    let (place, input) = (inputs.place, inputs.node.inputs[0])
    switch inputs.edges[0].type {
    case .vector:
      throw ModelError(
        .type, at: place,
        "reads numbers from \"\(input)\"; an embedding reads an id, a bag or a number with "
          + "boundaries")
    case .id where reduce != nil:
      throw ModelError(
        .attribute, at: place, "\"reduce\" is for bags; \"\(input)\" has one id a row")
    case .bag where reduce == nil:
      throw ModelError(
        .attribute, at: place, "\"\(input)\" is a bag; add \"reduce\": \"mean\" or \"sum\"")
    case .id, .bag: break
    }
    try checkName(table, at: "\(place).table", allowDots: true)
    return (inputs.edges[0].axis, try inputs.checkedWidth(width, "the table's width"))
  }
  func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] {
    switch inputs.edges[0].type {
    case .id(let rows), .bag(let rows): [.table(table, rows: rows, width: width)]
    case .vector: preconditionFailure("a typed embedding reads ids")
    }
  }
  var isProbability: Bool { false }
  func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
}
