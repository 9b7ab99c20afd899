internal import Kernels
internal import ModelGraph
internal import TesseraWire

extension LoweringOf {
  func visit(_ pool1d: Operation.Pool1D) -> any Lowering { pool1d }
}

extension Operation.Pool1D: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let input = builder.float(builder.value(node.sources[0]))
    let output = builder.target(.node(index), label: label)
    let source = builder.sequence
    builder.sequence = node.sequence
    builder.emit(
      label, .event,
      WindowPoolAction(
        input: input, source: source, shape: WindowShape(windows), pooling: WindowPooling(mode),
        width: node.width, output: output))
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: output, axis: .event, width: node.width)
  }
}

extension WindowPooling {
  fileprivate init(_ mode: Operation.Pool1D.Mode) {
    self =
      switch mode {
      case .max: .max
      case .mean: .mean
      }
  }
}
