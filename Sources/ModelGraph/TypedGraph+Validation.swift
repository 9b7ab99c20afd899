extension TypedGraph {
  /// Checks that the tensors are exactly those that the graph needs, well shaped and finite.
  ///
  /// - Complexity: linear in the numbers.
  public func validate(_ tensors: [TensorData]) throws(ModelError) {
    var given: [String: TensorData] = [:]
    for tensor in tensors {
      guard given.updateValue(tensor, forKey: tensor.name) == nil else {
        throw ModelError(.tensor, at: "tensor \"\(tensor.name)\"", "is there twice")
      }
    }
    for required in requiredTensors {
      guard let tensor = given.removeValue(forKey: required.name) else {
        throw ModelError(
          .tensor, at: "tensor \"\(required.name)\"",
          "is missing; the graph needs it with shape \(required.shape)")
      }
      try required.check(tensor)
    }
    if let extra = given.keys.min() {
      throw ModelError(
        .tensor, at: "tensor \"\(extra)\"", "is used by no node; remove it or fix its name")
    }
  }
}

extension TypedGraph.RequiredTensor {
  fileprivate func check(_ tensor: TensorData) throws(ModelError) {
    let place = "tensor \"\(name)\""
    let fits =
      tensor.shape == shape
      || rowsMayExceed && tensor.shape.count == shape.count && tensor.shape[0] >= shape[0]
        && tensor.shape.dropFirst() == shape.dropFirst()
    guard fits else {
      throw ModelError(
        .tensor, at: place,
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
        throw ModelError(
          .tensor, at: place, "is int8, but only matrices of products and tables may be")
      }
      isComplete = values.count == tensor.elementCount && scales.count == tensor.shape[0]
      offender = scales.firstIndex { !$0.isFinite || $0 < 0 }
    }
    guard isComplete else {
      throw ModelError(.tensor, at: place, "holds another count of numbers than its shape says")
    }
    if let offender {
      throw ModelError(
        .tensor, at: place,
        "number \(offender) is NaN, infinite or a negative scale; the training diverged or the file "
          + "is damaged")
    }
  }
}
