internal import TesseraWire

extension Operation {
  /// The inputs side by side.
  package struct Concat: OperationBody {
    static let word = "concat"
    static let attributes: [String] = []
    static let inputCounts = 2...ModelLimits.nodeInputsMax

    init() {}
    init(_ object: StrictObject) {}
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) {}

    var operation: Operation { .concat }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      (
        try inputs.commonAxis(),
        try inputs.checkedWidth(try inputs.widths().reduce(0, +), "the width of the concat")
      )
    }
    func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
