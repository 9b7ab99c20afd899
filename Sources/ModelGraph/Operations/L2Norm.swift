internal import TesseraWire

extension Operation {
  /// x / max(sqrt(Σ x²), epsilon), over the columns of each row.
  package struct L2Norm: OperationBody {
    package let epsilon: Float

    static let word = "l2_norm"
    static let attributes = ["epsilon"]
    static let inputCounts = 1...1

    init(epsilon: Float) { self.epsilon = epsilon }
    init(_ object: StrictObject) throws {
      epsilon = try object.epsilon(usual: "Keras and PyTorch 1e-12")
    }
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
      try object.encode(epsilon, forKey: .init("epsilon"))
    }

    var operation: Operation { .l2Norm(epsilon: epsilon) }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      try inputs.check(epsilon: epsilon)
      return (inputs.edges[0].axis, try inputs.width(0))
    }
    func tensors(for inputs: NodeInputs, limits: ModelDescription.Rows) -> [NeededTensor] { [] }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
