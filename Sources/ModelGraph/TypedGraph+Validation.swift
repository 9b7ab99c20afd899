extension TypedGraph {
  /// Checks that the tensors are exactly those that the graph needs, well shaped and finite.
  ///
  /// - Throws: one error for everything that is wrong with them; of many faults it names the first ones.
  /// - Complexity: linear in the numbers.
  public func validate(_ tensors: [TensorData]) throws(ModelError) {
    var faults: [ModelError] = []
    var given: [String: TensorData] = [:]
    for tensor in tensors where given.updateValue(tensor, forKey: tensor.name) != nil {
      faults.append(ModelError(.tensor, at: "tensor \"\(tensor.name)\"", "is there twice"))
    }
    for required in requiredTensors {
      let tensor = given.removeValue(forKey: required.name)
      if let fault = required.fault(in: tensor) { faults.append(fault) }
    }
    faults += given.keys.sorted().map { extra in
      ModelError(
        .tensor, at: "tensor \"\(extra)\"", "is used by no node; remove it or fix its name")
    }
    if let all = ModelError(joining: faults) { throw all }
  }
}

extension TypedGraph.RequiredTensor {
  /// Whether a tensor of this shape can be the one that is needed.
  package func fits(_ given: [Int]) -> Bool {
    given == shape
      || rowsMayExceed && given.count == shape.count && given[0] >= shape[0]
        && given.dropFirst() == shape.dropFirst()
  }

  /// What is wrong with the tensor of this name.
  fileprivate func fault(in tensor: TensorData?) -> ModelError? {
    func fault(_ message: String) -> ModelError {
      ModelError(.tensor, at: "tensor \"\(name)\"", message)
    }
    guard let tensor else { return fault("is missing; the graph needs it with shape \(shape)") }
    guard fits(tensor.shape) else {
      return fault(
        "has shape \(tensor.shape), but the graph needs \(shape)"
          + (rowsMayExceed ? " (more rows are fine)" : ""))
    }
    let isComplete: Bool
    var offender: Int?
    switch tensor.storage {
    case .float32(let values):
      isComplete = values.count == tensor.elementCount
      offender = values.firstIndex { !$0.isFinite }
    case .int8(let values, let scales):
      guard isQuantisable else {
        return fault("is int8, but only matrices of products and tables may be")
      }
      isComplete = values.count == tensor.elementCount && scales.count == tensor.shape[0]
      offender = scales.firstIndex { !$0.isFinite || $0 < 0 }
    }
    guard isComplete else { return fault("holds another count of numbers than its shape says") }
    if let offender {
      return fault(
        "number \(offender) is NaN, infinite or a negative scale; the training diverged or the file "
          + "is damaged")
    }
    guard isNonNegative, case .float32(let values) = tensor.storage else { return nil }
    return values.firstIndex { $0 < 0 }.map { negative in
      fault(
        "number \(negative) is \(values[negative]), and a variance is never below 0; check which tensor "
          + "was exported")
    }
  }
}
