internal import TesseraWire

extension TypedGraph {
  /// The multiply-accumulates of one request's matrix products, read off the graph's shapes: each product
  /// is rows × depth × outputs, as its operation says.
  ///
  /// Everything else counts nothing: gathers, activations, normalisations, conversions. The time of
  /// the products alone on a machine's fastest instruction is therefore a floor of the request's.
  ///
  /// - Complexity: linear in the nodes and the columns that they read.
  package func multiplyAccumulates(events: Int, coupons: Int) -> Int {
    return nodes.indices.reduce(0) { sum, index in
      let node = nodes[index]
      let ownEvents = rows(of: sequenceRead(by: index), events: events)
      let rows = RowCounts(users: 1, events: ownEvents, coupons: coupons).rows
      let read = ReadColumns(parts: node.sources.flatMap { parts($0) }, rows: rows)
      return sum + node.description.operation.body.multiplyAccumulates(read)
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
