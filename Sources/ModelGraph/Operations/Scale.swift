internal import TesseraWire

extension Operation {
  /// x · gain + bias, of each column.
  package struct Scale: OperationBody {
    static let word = "scale"
    static let attributes: [String] = []
    static let inputCounts = 1...1

    init() {}
    init(_ object: StrictObject) {}
    func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) {}

    var operation: Operation { .scale }
    package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
      visitor.visit(self)
    }

    func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
      (inputs.edges[0].axis, try inputs.width(0))
    }
    func tensors(
      for inputs: NodeInputs, limits: ModelDescription.Rows
    ) throws(ModelError) -> [NeededTensor] {
      let (name, width) = (inputs.node.name, try inputs.width(0))
      return [.vector("\(name).gain", width), .vector("\(name).bias", width)]
    }
    let isProbability = false
    func multiplyAccumulates(_ read: ReadColumns) -> Int { 0 }
  }
}
