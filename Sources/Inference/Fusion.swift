internal import ModelGraph
internal import TesseraWire

/// What is decided about a graph before its steps are written: which values are computed straight into
/// a slice of a concat, which concats are never put together, which activations join a product.
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

  /// A concat: one group, or, where only linear nodes read it, the user's part and the finer part.
  ///
  /// The split is the [user ⊕ coupon] trick: W·[u ⊕ c] = W_u·u + W_c·c, so the user's columns are
  /// multiplied once for each user and not once for each coupon, and nothing is repeated.
  struct Concat {
    var groups: [Group]
    var isSplit: Bool { groups.count == 2 }
  }

  /// A slice of a concat's group that a value is computed into.
  struct Home: Hashable {
    let concat: Int
    let group: Int
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
  /// Linear node → the sigmoid node that its product applies.
  private(set) var sigmoids: [Int: Int] = [:]

  init(_ graph: TypedGraph) {
    self.graph = graph
    for (index, node) in graph.nodes.enumerated() {
      for source in node.sources { consumers[source, default: []].append(index) }
    }
    for index in graph.nodes.indices {
      findSigmoid(index)
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
    graph.nodes[node].description.operation == .concat
  }

  /// The node that alone reads this one, where it is read once and is no output.
  private func onlyConsumer(of node: Int) -> Int? {
    guard !graph.outputs.contains(node), let readers = consumers[.node(node)], readers.count == 1
    else { return nil }
    return readers[0]
  }

  private mutating func findSigmoid(_ node: Int) {
    guard case .linear(let linear) = graph.nodes[node].description.operation,
      linear.activation == .none, let only = onlyConsumer(of: node),
      graph.nodes[only].description.operation == .sigmoid
    else { return }
    sigmoids[node] = only
  }

  private mutating func addConcat(_ node: Int) {
    var leaves: [Leaf] = []
    appendLeaves(of: node, to: &leaves)
    let axis = graph.nodes[node].axis
    let user = leaves.filter { graph.edge($0.source).axis == .user }
    let finer = leaves.filter { graph.edge($0.source).axis != .user }
    let onlyLinear = (consumers[.node(node)] ?? []).allSatisfy {
      if case .linear = graph.nodes[$0].description.operation { true } else { false }
    }
    if axis != .user, !user.isEmpty, onlyLinear {
      concats[node] = Concat(
        groups: [Group(axis: .user, leaves: user), Group(axis: axis, leaves: finer)])
    } else {
      concats[node] = Concat(groups: [Group(axis: axis, leaves: leaves)])
    }
    for (index, group) in (concats[node]?.groups ?? []).enumerated() where group.leaves.count > 1 {
      var column = 0
      for leaf in group.leaves {
        if canLive(leaf.source, in: group.axis), homes[leaf.source] == nil {
          homes[leaf.source] = Home(concat: node, group: index, column: column)
        }
        column += leaf.columns.count
      }
    }
  }

  /// Whether a value can be computed into a slice: it has the slice's rows and is no concat itself.
  private func canLive(_ source: Source, in axis: Axis) -> Bool {
    guard graph.edge(source).axis == axis else { return false }
    if case .node(let node) = source { return !isConcat(node) }
    return true
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
  ///
  /// - Parameter isInt8: whether the tensor of this name is int8.
  func demand(for source: Source, isInt8: (String) -> Bool) -> Demand {
    var demand = Demand()
    if case .node(let node) = source, graph.outputs.contains(node) { demand.float = true }
    if homes[source] != nil { demand.float = true }
    for reader in consumers[source] ?? [] {
      let node = graph.nodes[reader].description
      switch node.operation {
      case .concat:
        let outer = outermost(reader)
        let group = concats[outer]?.groups.first { $0.leaves.contains { $0.source == source } }
        guard let group, group.leaves.count == 1 else {
          demand.float = true
          continue
        }
        for linear in consumers[.node(outer)] ?? [] {
          demand.add(int8: isInt8("\(graph.nodes[linear].description.name).weight"))
        }
      case .linear: demand.add(int8: isInt8("\(node.name).weight"))
      case .lstm(let lstm):
        for direction in lstm.bidirectional ? ["forward", "backward"] : ["forward"] {
          demand.add(int8: isInt8("\(node.name).0.\(direction).input_weight"))
        }
      case .transformer(let transformer):
        demand.float = true
        if transformer.norm == .post, transformer.positions == .none {
          demand.add(int8: isInt8("\(node.name).0.qkv_weight"))
        }
      default: demand.float = true
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
