internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// What is decided about a graph before its steps are written: which values are computed straight into
/// a slice of a concat, which concats are never put together, which embeddings are folded into the layer
/// that reads them, which activations join a product.
struct Fusion {
  typealias Source = TypedGraph.Source

  /// The parts of a concat that lie side by side in one block.
  struct Group {
    let axis: Axis
    var leaves: [Leaf] = []
    var width: Int { leaves.reduce(0) { $0 + $1.columns.count } }
  }

  /// One input of a concat, after concats inside it were taken apart.
  struct Leaf: Hashable {
    let source: Source
    /// Its columns in the concat.
    let columns: Range<Int>
  }

  /// What a concat's readers get.
  ///
  /// Where only linear nodes and recurrent ones read it, it is not put together: W·[u ⊕ e ⊕ x] = W_u·u + W_e·e + W_x·x.
  /// The user's columns are multiplied once for each user, and not once for each event or coupon. The
  /// embeddings that are folded are multiplied when the model is loaded.
  struct Concat {
    var user: Group?
    var folded: [Leaf] = []
    /// The columns that are put together; nil where none are left.
    var rest: Group?
    var isSplit: Bool { user != nil || !folded.isEmpty }

    subscript(part: Part) -> Group? { part == .user ? user : rest }
  }

  enum Part: Hashable, CaseIterable { case user, rest }

  /// A slice of a concat's group that a value is computed into.
  struct Home: Hashable {
    let concat: Int
    let part: Part
    let column: Int
  }

  let graph: TypedGraph
  /// The nodes that read each value, one entry for each use.
  private(set) var consumers: [Source: [Int]] = [:]
  /// Concats that are not part of another.
  private(set) var concats: [Int: Concat] = [:]
  /// Concats that only one other concat reads: taken apart there.
  private(set) var absorbed: [Int: Int] = [:]
  private(set) var homes: [Source: Home] = [:]
  /// Linear node → the node whose activation its product ends with.
  private(set) var joined: [Int: (node: Int, activation: Activation)] = [:]

  private let tensors: [String: TensorData]

  init(_ graph: TypedGraph, tensors: [String: TensorData]) {
    self.graph = graph
    self.tensors = tensors
    for (index, node) in graph.nodes.enumerated() {
      for source in node.sources { consumers[source, default: []].append(index) }
    }
    for index in graph.nodes.indices {
      findActivation(after: index)
      if isConcat(index), let only = onlyConsumer(of: index), isConcat(only) {
        absorbed[index] = only
      }
    }
    for index in graph.nodes.indices where isConcat(index) && absorbed[index] == nil {
      addConcat(index)
    }
  }

  /// The outermost concat that `node` became part of, or itself.
  func outermost(_ node: Int) -> Int {
    var node = node
    while let outer = absorbed[node] { node = outer }
    return node
  }

  private func isConcat(_ node: Int) -> Bool {
    switch reading(node) {
    case .sideBySide: true
    case .ids, .floats, .floatsAnd, .elements, .columns, .projected: false
    }
  }

  private func reading(_ node: Int) -> Reading {
    let node = graph.nodes[node].description
    return node.operation.lowering.reading(node.name)
  }

  /// The node that alone reads this one, where it is read once and is no output.
  private func onlyConsumer(of node: Int) -> Int? {
    guard !graph.outputs.contains(node), let readers = consumers[.node(node)], readers.count == 1
    else { return nil }
    return readers[0]
  }

  private mutating func findActivation(after node: Int) {
    guard case .linear(let linear) = graph.nodes[node].description.operation,
      linear.activation == .none, let only = onlyConsumer(of: node),
      case .elements(let activation) = reading(only)
    else { return }
    joined[node] = (only, activation)
  }

  private mutating func addConcat(_ node: Int) {
    var leaves: [Leaf] = []
    appendLeaves(of: node, to: &leaves)
    let axis = graph.nodes[node].axis
    let readers = consumers[.node(node)] ?? []
    var concat = Concat()
    if axis != .user, !graph.outputs.contains(node), readers.allSatisfy(isProjection) {
      let user = leaves.filter { graph.edge($0.source).axis == .user }
      leaves.removeAll { user.contains($0) }
      if !user.isEmpty { concat.user = Group(axis: .user, leaves: user) }
      let foldable = leaves.filter { canFold($0.source, into: readers) }
      concat.folded = Array(foldable.prefix(KernelLimits.lookupsMax))
      leaves.removeAll { concat.folded.contains($0) }
    }
    if !leaves.isEmpty { concat.rest = Group(axis: axis, leaves: leaves) }
    concats[node] = concat
    for part in Part.allCases {
      guard let group = concat[part], group.leaves.count > 1 else { continue }
      var column = 0
      for leaf in group.leaves {
        if canLive(leaf.source, in: group.axis), homes[leaf.source] == nil {
          homes[leaf.source] = Home(concat: node, part: part, column: column)
        }
        column += leaf.columns.count
      }
    }
  }

  /// Whether a node multiplies its input by weights before anything else.
  private func isProjection(_ node: Int) -> Bool { !projectionWeights(node).isEmpty }

  /// Names of the matrices `[outputs, width]` that a node multiplies its input by before anything else.
  private func projectionWeights(_ node: Int) -> [String] {
    guard case .projected(let weights, _) = reading(node) else { return [] }
    return weights
  }

  /// Whether the embedding's rows are multiplied by the readers' weights when the model is loaded.
  ///
  /// It must pay: a recurrent layer's gates are many, and the product is taken at every event. It must be small:
  /// ``InferenceLimits/foldedBytesMax``. It must be int8 throughout: a float32 model is the reference, and is
  /// computed as it is written.
  private func canFold(_ source: Source, into readers: [Int]) -> Bool {
    guard case .node(let node) = source, !readers.isEmpty,
      case .embedding(let embedding) = graph.nodes[node].description.operation,
      embedding.reduce == nil, let table = tensors[embedding.table], table.isQuantised
    else { return false }
    return readers.allSatisfy { reader in
      guard case .projected(let weights, let width?) = reading(reader) else { return false }
      return table.shape[0] * width <= InferenceLimits.foldedBytesMax
        && weights.allSatisfy(isInt8)
    }
  }

  private func isInt8(_ name: String) -> Bool { tensors[name]?.isQuantised ?? false }

  /// The parts in which a linear or recurrent node multiplies its input; nil where it is one.
  func parts(of source: Source, for reader: Int) -> Concat? {
    guard case .node(let node) = source else { return nil }
    if let concat = concats[node] { return concat.isSplit ? concat : nil }
    guard canFold(source, into: [reader]), case .vector(let width) = graph.edge(source).type
    else { return nil }
    return Concat(folded: [Leaf(source: source, columns: 0..<width)])
  }

  /// Whether an embedding's rows are read at all: by someone who does not fold them.
  func isRead(_ node: Int) -> Bool {
    let source = Source.node(node)
    if graph.outputs.contains(node) { return true }
    return (consumers[source] ?? []).contains { reader in
      guard isConcat(reader) else { return parts(of: source, for: reader) == nil }
      let concat = concats[outermost(reader)]
      return Part.allCases.contains { part in
        concat?[part]?.leaves.contains { $0.source == source } ?? false
      }
    }
  }

  /// Whether a value can be computed into a slice: it has the slice's rows and is no concat or slice itself,
  /// which lie where their parts or their input do.
  private func canLive(_ source: Source, in axis: Axis) -> Bool {
    guard graph.edge(source).axis == axis else { return false }
    guard case .node(let node) = source else { return true }
    switch reading(node) {
    case .sideBySide, .columns: return false
    case .ids, .floats, .floatsAnd, .elements, .projected: return true
    }
  }

  private func appendLeaves(of node: Int, to leaves: inout [Leaf]) {
    for source in graph.nodes[node].sources {
      if case .node(let inner) = source, absorbed[inner] != nil {
        appendLeaves(of: inner, to: &leaves)
        continue
      }
      guard case .vector(let width) = graph.edge(source).type else {
        preconditionFailure("a typed concat reads vectors only")
      }
      let begin = leaves.last?.columns.upperBound ?? 0
      leaves.append(Leaf(source: source, columns: begin..<begin + width))
    }
  }
}

extension Fusion {
  /// In which forms a value is read.
  struct Demand {
    var float = false
    var quantised = false
  }

  /// Whether the readers of a value want float rows, quantised rows or both.
  func demand(for source: Source) -> Demand {
    var demand = Demand()
    if case .node(let node) = source, graph.outputs.contains(node) { demand.float = true }
    if homes[source] != nil { demand.float = true }
    for reader in consumers[source] ?? [] {
      switch reading(reader) {
      case .sideBySide:
        let outer = outermost(reader)
        let group = Part.allCases.compactMap { concats[outer]?[$0] }
          .first { $0.leaves.contains { $0.source == source } }
        guard let group, group.leaves.count == 1, concats[outer]?.isSplit == true else {
          demand.float = true
          continue
        }
        for reader in consumers[.node(outer)] ?? [] {
          for weight in projectionWeights(reader) { demand.add(int8: isInt8(weight)) }
        }
      case .projected(let weights, _):
        for weight in weights { demand.add(int8: isInt8(weight)) }
      case .floatsAnd(let matrix):
        demand.float = true
        demand.add(int8: isInt8(matrix))
      case .floats, .elements, .columns: demand.float = true
      case .ids: break
      }
    }
    return demand
  }
}

extension Fusion.Demand {
  mutating func add(int8: Bool) {
    if int8 { quantised = true } else { float = true }
  }
}
