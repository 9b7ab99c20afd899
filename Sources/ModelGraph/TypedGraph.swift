public import TesseraWire

/// A model description of which every edge has an axis and a type: proof that it makes sense.
///
/// Made at import and again at every load; what cannot be typed cannot be served. Holds no tensors;
/// it says which ones must be there and checks those it is shown.
public struct TypedGraph: Sendable {
  /// What was typed.
  public let description: ModelDescription
  /// What each input column carries, in the description's order.
  public let inputs: [Edge]
  /// Each node with its sources and its result, in the description's order.
  public let nodes: [Node]
  /// The sequences that rows on the event axis belong to, each after its source; the first is that of the
  /// request's events.
  public let sequences: [Sequence]
  /// The nodes whose values are the scores, in the description's order of outputs.
  public let outputs: [Int]
  /// The tensors that the nodes need, each once, in the order of first use.
  public let requiredTensors: [RequiredTensor]

  /// What flows along an edge.
  public struct Edge: Hashable, Sendable {
    /// Whose rows.
    public var axis: Axis
    /// On the event axis: of which sequence.
    public var sequence = 0
    /// What one row is.
    public var type: ValueType
  }

  /// What one row of a value is.
  public enum ValueType: Hashable, Sendable {
    /// One row index into a table of this many rows.
    case id(rows: Int)
    /// Any number of row indices into a table of this many rows.
    case bag(rows: Int)
    /// This many float32.
    case vector(width: Int)
  }

  /// Where an input of a node comes from.
  public enum Source: Hashable, Sendable {
    /// The index of an input column.
    case input(Int)
    /// The index of an earlier node.
    case node(Int)
  }

  /// A node with what it reads and what leaves it.
  public struct Node: Hashable, Sendable {
    /// Name, operation and attributes.
    public let description: NodeDescription
    /// What it reads, in order.
    public let sources: [Source]
    /// The axis of its rows.
    public let axis: Axis
    /// On the event axis: their sequence.
    public let sequence: Int
    /// Float32 in one row.
    public let width: Int
    /// Whether every number is a probability: a sigmoid comes last.
    public var isProbability: Bool { description.operation.body.isProbability }
    /// What its numbers mean where they are an output.
    var meaning: Output.Meaning { width > 1 ? .vector : isProbability ? .probability : .value }
  }

  /// A tensor that must be among the model's tensors.
  public struct RequiredTensor: Hashable, Sendable {
    /// Its name in the safetensors file.
    public let name: String
    /// Its shape.
    public let shape: [Int]
    /// Whether the import may turn it into int8 (matrices of products and embedding tables).
    public let isQuantisable: Bool
    /// Whether it may have more rows than the shape says (learned positions).
    public let rowsMayExceed: Bool
    /// Whether no number in it may be below 0 (variances).
    public let isNonNegative: Bool
  }

  /// Types every edge, or says the first thing that is wrong.
  ///
  /// - Complexity: linear in the description, vocabularies included.
  public init(_ description: ModelDescription) throws(ModelError) {
    try description.checkCounts()
    var inputs: [Edge] = []
    var defined: [String: Source] = [:]
    for (index, input) in description.inputs.enumerated() {
      try input.check(index: index)
      try Self.define(input.name, as: .input(index), place: "input \"\(input.name)\"", in: &defined)
      inputs.append(input.edge)
    }
    var later: [String: Int] = [:]
    for (index, node) in description.nodes.enumerated() {
      later[node.name] = later[node.name] ?? index
    }

    var nodes: [Node] = []
    var sequences = [Sequence.events]
    var tensors = TensorCollector()
    for (index, node) in description.nodes.enumerated() {
      let place = "node \"\(node.name)\""
      try checkName(node.name, at: "nodes[\(index)].name", allowDots: false)
      let sources = try Self.sources(of: node, defined: defined, later: later)
      let edges = sources.map { source in
        switch source {
        case .input(let input): inputs[input]
        case .node(let node): nodes[node].edge
        }
      }
      let read = NodeInputs(node: node, edges: edges, place: place)
      let body = node.operation.body
      let (axis, width) = try body.result(of: read)
      let sequenceRead = try read.commonSequence()
      let sequence =
        axis == .event ? Self.sequence(after: body, of: sequenceRead, in: &sequences) : 0
      for needed in try body.tensors(for: read, limits: description.limits) {
        try tensors.add(needed, place: place)
      }
      try Self.define(node.name, as: .node(index), place: place, in: &defined)
      nodes.append(
        Node(
          description: node, sources: sources, axis: axis, sequence: sequence, width: width))
    }
    outputs = try Self.outputs(of: description, nodes: nodes, defined: defined)
    self.description = description
    self.inputs = inputs
    self.nodes = nodes
    self.sequences = sequences
    requiredTensors = tensors.tensors
    try description.checkCouponLimit()
    try checkAllUsed()
  }

  /// The columns that requests carry, the outputs that replies carry, and the limits. The only place where
  /// a graph becomes a signature.
  public var signature: Signature {
    Signature(
      columns: description.inputs.map {
        Column(name: $0.name, axis: $0.axis, kind: $0.columnKind, width: $0.columnWidth)
      },
      outputs: zip(description.outputs, outputs).map { name, node in
        Output(
          name: name, axis: nodes[node].axis, meaning: nodes[node].meaning,
          width: nodes[node].width)
      }, eventsMax: description.limits.events,
      couponsMax: description.limits.coupons)
  }

  /// What the source carries.
  public func edge(_ source: Source) -> Edge {
    switch source {
    case .input(let index): inputs[index]
    case .node(let index): nodes[index].edge
    }
  }
}

extension TypedGraph.Node {
  /// What leaves it.
  fileprivate var edge: TypedGraph.Edge {
    TypedGraph.Edge(axis: axis, sequence: sequence, type: .vector(width: width))
  }
}

extension TypedGraph {
  private static func define(
    _ name: String, as source: Source, place: String, in defined: inout [String: Source]
  ) throws(ModelError) {
    guard defined.updateValue(source, forKey: name) == nil else {
      throw ModelError(
        .name, at: place, "the name is used twice; inputs and nodes share one set of names")
    }
  }

  /// The sequence of an operation's result on the event axis; made where it is a new one.
  private static func sequence(
    after body: any OperationBody, of source: Int, in sequences: inout [Sequence]
  ) -> Int {
    guard let windowed = body as? any WindowedBody else { return source }
    let made = windowed.windows.sequence(of: source)
    if made.keepsRows { return source }
    if let known = sequences.firstIndex(of: made) { return known }
    sequences.append(made)
    return sequences.count - 1
  }

  private static func sources(
    of node: NodeDescription, defined: [String: Source], later: [String: Int]
  ) throws(ModelError) -> [Source] {
    let place = "node \"\(node.name)\""
    let counts = node.operation.inputCounts
    guard counts.contains(node.inputs.count) else {
      let wanted =
        counts.count == 1
        ? "exactly \(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
      throw ModelError(
        .type, at: place,
        "\(node.operation.name) takes \(wanted) inputs, \(node.inputs.count) are given")
    }
    var sources: [Source] = []
    for name in node.inputs {
      if let source = defined[name] {
        sources.append(source)
      } else if name == node.name {
        throw ModelError(.name, at: place, "reads itself; a graph has no cycles")
      } else if later[name] != nil {
        throw ModelError(
          .name, at: place,
          "reads \"\(name)\", which stands after it; order the nodes so that each stands after "
            + "what it reads (in a cycle there is no such order)")
      } else {
        throw ModelError(.name, at: place, "reads \"\(name)\", which is no input and no node")
      }
    }
    return sources
  }

  /// The axes that replies have rows for.
  private static let outputAxes: Set<Axis> = [.user, .coupon]

  private static func outputs(
    of description: ModelDescription, nodes: [Node], defined: [String: Source]
  ) throws(ModelError) -> [Int] {
    var outputs: [Int] = []
    for name in description.outputs {
      let place = "output \"\(name)\""
      guard let source = defined[name] else {
        throw ModelError(.name, at: place, "there is no node of this name")
      }
      guard case .node(let index) = source else {
        throw ModelError(.type, at: place, "is an input; an output must be a node")
      }
      guard !outputs.contains(index) else {
        throw ModelError(.name, at: place, "is listed twice; list it once")
      }
      let (axis, width) = (nodes[index].axis, nodes[index].width)
      guard outputAxes.contains(axis) else {
        throw ModelError(
          .type, at: place,
          "is on the \(axis.name) axis; an output has one row for each user or for each coupon "
            + "(bring events to the user axis with lstm, gru, rnn or pool)")
      }
      try checkCount(width, in: 1...ModelLimits.vectorWidthMax, at: place, "its width")
      outputs.append(index)
    }
    let numbers = outputs.reduce(0) { sum, index in
      sum + nodes[index].width * (nodes[index].axis == .user ? 1 : description.limits.coupons)
    }
    guard numbers <= ModelLimits.numbersMax else {
      throw ModelError(
        .limit, at: "outputs",
        "a user with \(description.limits.coupons) coupons is answered with \(numbers) numbers; at most "
          + "\(ModelLimits.numbersMax) fit into an answer (lower \"limits.coupons\" or the widths)")
    }
    return outputs
  }

  private func checkAllUsed() throws(ModelError) {
    var usedNodes = Set(outputs)
    var usedInputs: Set<Int> = []
    for index in nodes.indices.reversed() where usedNodes.contains(index) {
      for source in nodes[index].sources {
        switch source {
        case .input(let input): usedInputs.insert(input)
        case .node(let node): usedNodes.insert(node)
        }
      }
    }
    for index in nodes.indices where !usedNodes.contains(index) {
      throw ModelError(
        .unused, at: "node \"\(nodes[index].description.name)\"",
        "no output follows from it; remove it or list it among the outputs")
    }
    for index in inputs.indices where !usedInputs.contains(index) {
      throw ModelError(
        .unused, at: "input \"\(description.inputs[index].name)\"",
        "no output follows from it; remove it, so that clients need not send it")
    }
  }
}
