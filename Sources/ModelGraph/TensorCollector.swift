/// Collects the tensors that nodes need; embedding tables may be shared, all else is a node's own.
struct TensorCollector {
  private(set) var tensors: [TypedGraph.RequiredTensor] = []
  private var owners: [String: (index: Int, isShared: Bool)] = [:]

  mutating func add(_ needed: NeededTensor, place: String) throws(ModelError) {
    if let owner = owners[needed.name] {
      try share(needed, with: owner, place: place)
      return
    }
    let (name, shape) = (needed.name, needed.shape)
    let count = shape.reduce(1, *)
    guard count <= ModelLimits.tensorElementsMax else {
      throw ModelError(
        .limit, at: "tensor \"\(name)\"",
        "shape \(shape) is more than \(ModelLimits.tensorElementsMax) numbers; use fewer rows")
    }
    owners[name] = (tensors.count, needed.isShared)
    tensors.append(
      TypedGraph.RequiredTensor(
        name: name, shape: shape, isQuantisable: needed.isQuantisable,
        rowsMayExceed: needed.rowsMayExceed, isNonNegative: needed.isNonNegative))
  }

  private func share(
    _ needed: NeededTensor, with owner: (index: Int, isShared: Bool), place: String
  ) throws(ModelError) {
    let name = needed.name
    guard needed.isShared else {
      throw ModelError(
        .name, at: place,
        "needs the tensor \"\(name)\", which another node uses; rename the node or the table")
    }
    guard owner.isShared else {
      throw ModelError(
        .name, at: place, "the table \"\(name)\" has the name of another node's tensor; rename it")
    }
    let shape = tensors[owner.index].shape
    guard shape == needed.shape else {
      throw ModelError(
        .type, at: place,
        "shares the table \"\(name)\" of shape \(shape), but its input and width need "
          + "\(needed.shape); use tables of their own, or inputs with equal vocabularies")
    }
  }
}
