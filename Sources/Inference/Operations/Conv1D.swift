internal import Kernels
internal import ModelGraph
internal import TesseraWire

extension LoweringOf {
  func visit(_ conv1d: Operation.Conv1D) -> any Lowering { conv1d }
}

extension Operation.Conv1D: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  /// The windows' rows side by side, then a product; an int8 one with a scale for each window.
  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let input = builder.value(node.sources[0])
    let matrix = builder.matrix("\(label).weight", bias: useBias ? "\(label).bias" : nil)
    let source = builder.sequence
    builder.sequence = node.sequence
    let windowsLabel = "\(label) (windows)"
    var rows = PlanBuilder.Value(axis: .event, width: matrix.depth)
    if matrix.isInt8 {
      rows.quantised = builder.block(windowsLabel, .event, .quantised(columns: matrix.depth))
    } else {
      rows.operand = builder.floats(windowsLabel, .event, width: matrix.depth)
    }
    builder.emit(
      windowsLabel, .event,
      WindowsAction(
        input: builder.float(input), source: source, shape: WindowShape(windows),
        width: input.width, output: rows.operand, quantised: rows.quantised))
    builder.values[.node(index)] = builder.product(
      matrix, rows, label: label, activation: Activation(activation),
      demand: builder.fusion.demand(for: .node(index)), into: builder.home(.node(index)))
  }
}
