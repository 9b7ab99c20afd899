internal import TesseraWire

extension Operation {
  /// exp(x) / Σ exp(x), over the columns of each row.
  package struct Softmax: OperationBody {
    static let word = "softmax"
    static let attributes: [String] = []
    static let inputCounts = 1...1

    init() {}
    init(_ object: StrictObject) {}
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) {}

    var operation: Operation { .softmax }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      (inputs.edges[0].axis, try inputs.width(0))
    }
    func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
