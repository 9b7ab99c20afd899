internal import TesseraWire

/// What a node reads, and the rules that several operations share.
struct NodeInputs {
  let node: NodeDescription
  let edges: [TypedGraph.Edge]
  let place: String

  func check(epsilon: Float) throws(ModelError) {
    guard epsilon > 0, epsilon.isNormal else {
      throw ModelError(.attribute, at: place, "\"epsilon\" is \(epsilon); it must be above 0")
    }
  }

  /// The width of one input, which must be a vector.
  func width(_ index: Int) throws(ModelError) -> Int {
    switch edges[index].type {
    case .vector(let width): return width
    case .id, .bag:
      throw ModelError(
        .type, at: place,
        "reads ids from \"\(node.inputs[index])\"; put an embedding between them")
    }
  }

  /// The widths of all inputs, which must be vectors.
  func widths() throws(ModelError) -> [Int] {
    var widths: [Int] = []
    for index in edges.indices { widths.append(try width(index)) }
    return widths
  }

  /// The width that all inputs have.
  func commonWidth() throws(ModelError) -> Int {
    let widths = try widths()
    for index in widths.indices where widths[index] != widths[0] {
      throw ModelError(
        .type, at: place,
        "\(node.operation.name) needs equal widths, but \"\(node.inputs[0])\" is \(widths[0]) wide "
          + "and \"\(node.inputs[index])\" \(widths[index])")
    }
    return widths[0]
  }

  /// The finest axis of the inputs; rows of the axes above it are repeated for it.
  func commonAxis() throws(ModelError) -> Axis {
    var finest = 0
    for (index, edge) in edges.enumerated() where !edge.axis.isOrSpans(edges[finest].axis) {
      guard edges[finest].axis.isOrSpans(edge.axis) else {
        throw ModelError(
          .type, at: place,
          "mixes \"\(node.inputs[finest])\" on the \(edges[finest].axis.name) axis with "
            + "\"\(node.inputs[index])\" on the \(edge.axis.name) axis; bring events to the user "
            + "axis first (lstm, gru or rnn with \"returns\": \"state\", or pool)")
      }
      finest = index
    }
    return edges[finest].axis
  }

  /// Refuses an input that is not on the event axis, for what runs over the events of each user.
  func checkOnEvents() throws(ModelError) {
    guard edges[0].axis == .event else {
      throw ModelError(
        .type, at: place,
        "reads \"\(node.inputs[0])\" on the \(edges[0].axis.name) axis; \(node.operation.name) runs "
          + "over events")
    }
  }

  /// A width that attributes or inputs give.
  func checkedWidth(_ width: Int, _ what: String) throws(ModelError) -> Int {
    try checkCount(width, in: 1...ModelLimits.widthMax, at: place, what)
    return width
  }
}
