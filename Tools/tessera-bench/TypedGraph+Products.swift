internal import ModelGraph
internal import TesseraWire

extension TypedGraph {
  /// The multiply-accumulates of one request's matrix products, read off the graph's shapes.
  ///
  /// T = `events`, N = `coupons`; each product is rows × depth × outputs:
  /// - linear: (columns × rows) × units, where columns that a user shares among its rows count once;
  /// - lstm: T × 4u × (in + u) for each layer and direction;
  /// - transformer of width d: each layer T × (3d² + d² + 2·d·ff) and, for the scores and the
  ///   weighted rows of the attention, 2 · d × (pairs of events that see each other).
  ///
  /// Everything else counts nothing: gathers, activations, normalisations, conversions. The time of
  /// the products alone on a machine's fastest instruction is therefore a floor of the request's.
  ///
  /// - Complexity: linear in the nodes and the columns that they read.
  func multiplyAccumulates(events: Int, coupons: Int) -> Int {
    func rows(_ axis: Axis) -> Int {
      switch axis {
      case .user: 1
      case .event: events
      case .coupon: coupons
      }
    }
    return nodes.reduce(0) { sum, node in
      let read = node.sources.flatMap { parts($0) }
      let width = read.reduce(0) { $0 + $1.width }
      switch node.description.operation {
      case .linear(let linear):
        return sum + linear.units * read.reduce(0) { $0 + rows($1.axis) * $1.width }
      case .lstm(let lstm):
        let directions = lstm.bidirectional ? 2 : 1
        let upperWidths = (lstm.layers - 1) * directions * lstm.units
        let columns = width + upperWidths + lstm.layers * lstm.units
        return sum + directions * events * 4 * lstm.units * columns
      case .transformer(let transformer):
        let pairs = transformer.causal ? events * (events + 1) / 2 : events * events
        let products = events * width * (4 * width + 2 * transformer.feedForward)
        return sum + transformer.layers * (products + 2 * width * pairs)
      default:
        return sum
      }
    }
  }

  /// The vectors that stand side by side in what a node reads, each with the axis it comes from.
  private func parts(_ source: Source) -> [(axis: Axis, width: Int)] {
    switch source {
    case .input(let index):
      guard case .vector(let width) = inputs[index].type else { return [] }
      return [(inputs[index].axis, width)]
    case .node(let index):
      guard case .concat = nodes[index].description.operation else {
        return [(nodes[index].axis, nodes[index].width)]
      }
      return nodes[index].sources.flatMap { parts($0) }
    }
  }
}
