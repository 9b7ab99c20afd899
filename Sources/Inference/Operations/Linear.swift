internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ linear: Operation.Linear) -> any Lowering { linear }
}

extension Operation.Linear: Lowering {
  func reading(_ name: String) -> Reading {
    .projected(by: ["\(name).weight"], foldedWidth: nil)
  }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let joined = builder.fusion.joined[index]
    let result = TypedGraph.Source.node(joined?.node ?? index)
    let activation = joined?.activation ?? Activation(activation)
    let bias = useBias ? "\(label).bias" : nil
    let weight = "\(label).weight"
    let demand = builder.fusion.demand(for: result)
    let home = builder.home(result)

    guard case .node(let source) = node.sources[0], let parts = builder.splits[source],
      let concat = builder.fusion.parts(of: node.sources[0], for: index), let rest = parts[.rest]
    else {
      builder.values[result] = builder.product(
        builder.matrix(weight, bias: bias), builder.value(node.sources[0]), label: label,
        activation: activation, demand: demand, into: home)
      return
    }
    // W·[u ⊕ c] + b = (W_u·u + b) + W_c·c: the first part once for each user.
    let userPart = parts[.user].map { user in
      builder.product(
        builder.matrix(weight, bias: bias, columns: concat.user?.leaves.map(\.columns)), user,
        label: "\(label) (user part)", demand: Fusion.Demand(float: true))
    }
    builder.values[result] = builder.product(
      builder.matrix(
        weight, bias: userPart == nil ? bias : nil, columns: concat.rest?.leaves.map(\.columns)),
      rest, label: label, addend: userPart.map { builder.mapped($0, to: rest.axis) },
      activation: activation, demand: demand, into: home)
  }
}
