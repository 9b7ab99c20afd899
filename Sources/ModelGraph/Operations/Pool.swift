internal import TesseraWire

extension Operation {
  /// One row for each user from the rows of its events; zeros when it has none.
  public enum Pooling: String, Hashable, Sendable, CaseIterable {
    /// The newest event's row.
    case last
    /// The oldest event's row.
    case first
    /// The mean row.
    case mean
    /// The largest of each column.
    case max
    /// The sum of the rows.
    case sum
  }

  /// One row for each user from the rows of its events.
  package struct Pool: OperationBody {
    package let mode: Pooling

    static let word = "pool"
    static let attributes = ["mode"]
    static let inputCounts = 1...1

    init(mode: Pooling) { self.mode = mode }
    init(_ object: StrictObject) throws { mode = try object.requiredWord("mode") }
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
      try object.encode(mode.rawValue, forKey: .init("mode"))
    }

    var operation: Operation { .pool(mode) }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      try inputs.checkOnEvents()
      return (.user, try inputs.width(0))
    }
    func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
