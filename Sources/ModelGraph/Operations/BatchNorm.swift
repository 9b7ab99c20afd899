internal import TesseraWire

extension Operation {
  /// gain · (x − mean) / sqrt(variance + epsilon) + bias, of each column, with the mean and the variance that
  /// training found.
  package struct BatchNorm: OperationBody {
    package let epsilon: Float

    static let word = "batch_norm"
    static let attributes = ["epsilon"]
    static let inputCounts = 1...1

    init(epsilon: Float) { self.epsilon = epsilon }
    init(_ object: StrictObject) throws { epsilon = try object.epsilon() }
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
      try object.encode(epsilon, forKey: .init("epsilon"))
    }

    var operation: Operation { .batchNorm(epsilon: epsilon) }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      try inputs.check(epsilon: epsilon)
      return (inputs.edges[0].axis, try inputs.width(0))
    }
    func tensors(
      for inputs: NodeInputs, limits: ModelDescription.Rows
    ) throws(ModelError) -> [NeededTensor] {
      let (name, width) = (inputs.node.name, try inputs.width(0))
      return [
        .vector("\(name).gain", width), .vector("\(name).bias", width),
        .vector("\(name).mean", width), .variances("\(name).variance", width),
      ]
    }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
