/// Collects the tensors that nodes need; embedding tables may be shared, all else is a node's own.
struct TensorCollector {
  private(set) var tensors: [TypedGraph.RequiredTensor] = []
  private var owners: [String: (index: Int, isTable: Bool)] = [:]

  mutating func add(
    node: NodeDescription, inputs: [TypedGraph.Edge], limits: ModelDescription.Rows
  ) throws(ModelError) {
    let width: Int
    switch inputs[0].type {
    case .vector(let vectorWidth): width = vectorWidth
    case .id(let rows), .bag(let rows):
      guard case .embedding(let embedding) = node.operation else { return }
      try table(embedding.table, rows: rows, width: embedding.width, node: node)
      return
    }
    switch node.operation {
    case .embedding, .concat, .add, .multiply, .pool, .sigmoid: break
    case .linear(let linear):
      try own(node, "weight", [linear.units, width], isMatrix: true)
      if linear.useBias { try own(node, "bias", [linear.units]) }
    case .layerNorm:
      try own(node, "gain", [width])
      try own(node, "bias", [width])
    case .lstm(let lstm): try add(lstm, width: width, node: node)
    case .transformer(let transformer):
      try add(transformer, width: width, events: limits.events, node: node)
    }
  }

  private mutating func add(
    _ lstm: Operation.LSTM, width: Int, node: NodeDescription
  ) throws(ModelError) {
    var width = width
    let directions = lstm.bidirectional ? ["forward", "backward"] : ["forward"]
    for layer in 0..<lstm.layers {
      for direction in directions {
        let role = "\(layer).\(direction)."
        try own(node, role + "input_weight", [4 * lstm.units, width], isMatrix: true)
        try own(node, role + "recurrent_weight", [4 * lstm.units, lstm.units], isMatrix: true)
        try own(node, role + "bias", [4 * lstm.units])
      }
      width = lstm.units * directions.count
    }
  }

  private mutating func add(
    _ transformer: Operation.Transformer, width: Int, events: Int, node: NodeDescription
  ) throws(ModelError) {
    if transformer.positions == .learned {
      try own(node, "positions", [events, width], rowsMayExceed: true)
    }
    for layer in 0..<transformer.layers {
      let role = "\(layer)."
      try own(node, role + "qkv_weight", [3 * width, width], isMatrix: true)
      try own(node, role + "qkv_bias", [3 * width])
      try own(node, role + "out_weight", [width, width], isMatrix: true)
      try own(node, role + "out_bias", [width])
      try own(node, role + "norm1_gain", [width])
      try own(node, role + "norm1_bias", [width])
      try own(node, role + "ff1_weight", [transformer.feedForward, width], isMatrix: true)
      try own(node, role + "ff1_bias", [transformer.feedForward])
      try own(node, role + "ff2_weight", [width, transformer.feedForward], isMatrix: true)
      try own(node, role + "ff2_bias", [width])
      try own(node, role + "norm2_gain", [width])
      try own(node, role + "norm2_bias", [width])
    }
  }

  private mutating func own(
    _ node: NodeDescription, _ role: String, _ shape: [Int], isMatrix: Bool = false,
    rowsMayExceed: Bool = false
  ) throws(ModelError) {
    let name = "\(node.name).\(role)"
    guard owners.updateValue((tensors.count, false), forKey: name) == nil else {
      throw ModelError(
        .name, at: "node \"\(node.name)\"",
        "needs the tensor \"\(name)\", which another node uses; rename the node or the table")
    }
    try append(name, shape, isQuantisable: isMatrix, rowsMayExceed: rowsMayExceed)
  }

  private mutating func table(
    _ name: String, rows: Int, width: Int, node: NodeDescription
  ) throws(ModelError) {
    if let owner = owners[name] {
      guard owner.isTable else {
        throw ModelError(
          .name, at: "node \"\(node.name)\"",
          "the table \"\(name)\" has the name of another node's tensor; rename it")
      }
      let shape = tensors[owner.index].shape
      guard shape == [rows, width] else {
        throw ModelError(
          .type, at: "node \"\(node.name)\"",
          "shares the table \"\(name)\" of shape \(shape), but its input and width need "
            + "\([rows, width]); use tables of their own, or inputs with equal vocabularies")
      }
      return
    }
    owners[name] = (tensors.count, true)
    try append(name, [rows, width], isQuantisable: true)
  }

  private mutating func append(
    _ name: String, _ shape: [Int], isQuantisable: Bool, rowsMayExceed: Bool = false
  ) throws(ModelError) {
    let count = shape.reduce(1, *)
    guard count <= ModelLimits.tensorElementsMax else {
      throw ModelError(
        .limit, at: "tensor \"\(name)\"",
        "shape \(shape) is more than \(ModelLimits.tensorElementsMax) numbers; use fewer rows")
    }
    tensors.append(
      TypedGraph.RequiredTensor(
        name: name, shape: shape, isQuantisable: isQuantisable, rowsMayExceed: rowsMayExceed))
  }
}
