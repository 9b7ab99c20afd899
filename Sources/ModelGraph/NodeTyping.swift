internal import TesseraWire

/// The rules by which one node's inputs give the axis and the width of its result.
struct NodeTyping {
  let node: NodeDescription
  let edges: [TypedGraph.Edge]
  let place: String

  func result() throws(ModelError) -> (axis: Axis, width: Int) {
    switch node.operation {
    case .embedding(let embedding): try self.embedding(embedding)
    case .concat:
      (try commonAxis(), try checkedWidth(try widths().reduce(0, +), "the width of the concat"))
    case .add, .multiply: (try commonAxis(), try commonWidth())
    case .linear(let linear): try self.linear(linear)
    case .lstm(let lstm): try self.lstm(lstm)
    case .transformer(let transformer): try self.transformer(transformer)
    case .layerNorm(let epsilon): (edges[0].axis, try layerNorm(epsilon))
    case .pool: (try onEvents(then: .user), try width(0))
    case .sigmoid: (edges[0].axis, try width(0))
    }
  }

  private func embedding(
    _ embedding: Operation.Embedding
  ) throws(ModelError) -> (axis: Axis, width: Int) {
    switch edges[0].type {
    case .vector:
      throw ModelError(
        .type, at: place,
        "reads numbers from \"\(node.inputs[0])\"; an embedding reads an id, a bag or a number with "
          + "boundaries")
    case .id where embedding.reduce != nil:
      throw ModelError(
        .attribute, at: place, "\"reduce\" is for bags; \"\(node.inputs[0])\" has one id a row")
    case .bag where embedding.reduce == nil:
      throw ModelError(
        .attribute, at: place,
        "\"\(node.inputs[0])\" is a bag; add \"reduce\": \"mean\" or \"sum\"")
    case .id, .bag: break
    }
    try checkName(embedding.table, at: "\(place).table", allowDots: true)
    return (edges[0].axis, try checkedWidth(embedding.width, "the table's width"))
  }

  private func linear(_ linear: Operation.Linear) throws(ModelError) -> (axis: Axis, width: Int) {
    _ = try width(0)
    return (edges[0].axis, try checkedWidth(linear.units, "\"units\""))
  }

  private func lstm(_ lstm: Operation.LSTM) throws(ModelError) -> (axis: Axis, width: Int) {
    _ = try width(0)
    try checkCount(lstm.units, in: 1...ModelLimits.lstmUnitsMax, at: place, "\"units\"")
    try checkCount(lstm.layers, in: 1...ModelLimits.layersMax, at: place, "\"layers\"")
    let axis = try onEvents(then: lstm.returns == .sequence ? .event : .user)
    return (axis, lstm.units * (lstm.bidirectional ? 2 : 1))
  }

  private func transformer(
    _ transformer: Operation.Transformer
  ) throws(ModelError) -> (axis: Axis, width: Int) {
    let width = try width(0)
    let axis = try onEvents(then: .event)
    try checkCount(transformer.layers, in: 1...ModelLimits.layersMax, at: place, "\"layers\"")
    try checkCount(transformer.heads, in: 1...ModelLimits.headsMax, at: place, "\"heads\"")
    try checkCount(
      transformer.feedForward, in: 1...ModelLimits.widthMax, at: place, "\"feed_forward\"")
    guard width.isMultiple(of: transformer.heads) else {
      throw ModelError(
        .type, at: place,
        "\(transformer.heads) heads do not divide the width \(width); choose another number of "
          + "heads or width")
    }
    guard transformer.activation == .relu || transformer.activation == .gelu else {
      throw ModelError(
        .attribute, at: place,
        "activation \"\(transformer.activation.rawValue)\" is not for transformers; use relu or gelu"
      )
    }
    try check(epsilon: transformer.epsilon)
    return (axis, width)
  }

  private func layerNorm(_ epsilon: Float) throws(ModelError) -> Int {
    try check(epsilon: epsilon)
    return try width(0)
  }

  private func check(epsilon: Float) throws(ModelError) {
    guard epsilon > 0, epsilon.isNormal else {
      throw ModelError(.attribute, at: place, "\"epsilon\" is \(epsilon); it must be above 0")
    }
  }

  /// The width of one input, which must be a vector.
  private func width(_ index: Int) throws(ModelError) -> Int {
    switch edges[index].type {
    case .vector(let width): return width
    case .id, .bag:
      throw ModelError(
        .type, at: place,
        "reads ids from \"\(node.inputs[index])\"; put an embedding between them")
    }
  }

  private func widths() throws(ModelError) -> [Int] {
    var widths: [Int] = []
    for index in edges.indices { widths.append(try width(index)) }
    return widths
  }

  private func commonWidth() throws(ModelError) -> Int {
    let widths = try widths()
    for index in widths.indices where widths[index] != widths[0] {
      throw ModelError(
        .type, at: place,
        "\(node.operation.name) needs equal widths, but \"\(node.inputs[0])\" is \(widths[0]) wide "
          + "and \"\(node.inputs[index])\" \(widths[index])")
    }
    return widths[0]
  }

  /// The finest axis of the inputs; rows of the user axis are repeated for it.
  private func commonAxis() throws(ModelError) -> Axis {
    var result = Axis.user
    var from = 0
    for (index, edge) in edges.enumerated() where edge.axis != .user {
      guard result == .user || result == edge.axis else {
        throw ModelError(
          .type, at: place,
          "mixes \"\(node.inputs[from])\" on the \(result.word) axis with "
            + "\"\(node.inputs[index])\" on the \(edge.axis.word) axis; bring events to the user "
            + "axis first (lstm with \"returns\": \"state\", or pool)")
      }
      if result == .user { from = index }
      result = edge.axis
    }
    return result
  }

  private func onEvents(then axis: Axis) throws(ModelError) -> Axis {
    guard edges[0].axis == .event else {
      throw ModelError(
        .type, at: place,
        "reads \"\(node.inputs[0])\" on the \(edges[0].axis.word) axis; \(node.operation.name) runs "
          + "over events")
    }
    return axis
  }

  private func checkedWidth(_ width: Int, _ what: String) throws(ModelError) -> Int {
    try checkCount(width, in: 1...ModelLimits.widthMax, at: place, what)
    return width
  }
}
