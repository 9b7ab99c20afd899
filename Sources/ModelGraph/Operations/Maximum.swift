internal import TesseraWire

extension Operation {
  /// The largest of the inputs, element by element.
  package struct Maximum: OperationBody {
    static let word = "max"
    static let attributes: [String] = []
    static let inputCounts = 2...ModelLimits.nodeInputsMax

    init() {}
    init(_ object: StrictObject) {}
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) {}

    var operation: Operation { .maximum }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      (try inputs.commonAxis(), try inputs.commonWidth())
    }
    func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
