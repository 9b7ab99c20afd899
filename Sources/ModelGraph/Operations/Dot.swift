internal import TesseraWire

extension Operation {
  /// Σ xᵢ·yᵢ of two vectors.
  package struct Dot: OperationBody {
    static let word = "dot"
    static let attributes: [String] = []
    static let inputCounts = 2...2

    init() {}
    init(_ object: StrictObject) {}
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) {}

    var operation: Operation { .dot }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      _ = try inputs.commonWidth()
      return (try inputs.commonAxis(), 1)
    }
    func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
