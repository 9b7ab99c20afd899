internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ slice: Operation.Slice) -> any Lowering { slice }
}

extension Operation.Slice: Lowering {
  func reading(_ name: String) -> Reading { .columns }

  /// No step: who reads the slice reads its columns where they are.
  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    var operand = builder.float(builder.value(node.sources[0]))
    operand.column += begin
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: operand, axis: node.axis, width: width)
  }
}
