internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ pool: Operation.Pool) -> any Lowering { pool }
}

extension Operation.Pool: Lowering {
  func reading(_ name: String) -> Reading { .floats }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let output = builder.target(.node(index), label: label)
    builder.emit(
      label, node.axis,
      PoolAction(
        input: builder.float(builder.value(node.sources[0])), width: node.width,
        mode: Kernels.Pooling(mode), output: output))
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: output, axis: node.axis, width: node.width)
  }
}

extension Kernels.Pooling {
  fileprivate init(_ mode: Operation.Pooling) {
    self =
      switch mode {
      case .last: .last
      case .first: .first
      case .mean: .mean
      case .max: .max
      case .sum: .sum
      }
  }
}

/// [events, width] → [users, width].
struct PoolAction: Action {
  let input: FloatOperand
  let width: Int
  let mode: Kernels.Pooling
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "pool \(mode) [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.pool(
      workspace.rows(input), offsets: workspace.eventOffsets, users: rows, width: width,
      mode: mode, into: workspace.rows(output))
  }
}
