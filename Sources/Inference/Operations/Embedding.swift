internal import Kernels
internal import ModelGraph

extension LoweringOf {
  func visit(_ embedding: Operation.Embedding) -> any Lowering { embedding }
}

extension Operation.Embedding: Lowering {
  func reading(_ name: String) -> Reading { .ids }

  func lower(_ index: Int, into builder: inout PlanBuilder) {
    // Where all readers fold it, its rows are read by nobody.
    guard builder.fusion.isRead(index) else { return }
    let node = builder.graph.nodes[index]
    let label = node.description.name
    let (ids, bagOffsets) = builder.ids(node.sources[0])
    let output = builder.target(.node(index), label: label)
    builder.emit(
      label, node.axis,
      GatherAction(
        table: builder.table(table), ids: ids, bagOffsets: bagOffsets,
        reduction: reduce == .mean ? .mean : .sum, output: output))
    builder.values[.node(index)] = PlanBuilder.Value(
      operand: output, axis: node.axis, width: node.width)
  }
}

/// ids → rows of a table [rows, width]; a bag's members are summed or averaged.
struct GatherAction: Action {
  let table: EmbeddingTable
  let ids: Int
  let bagOffsets: Int?
  let reduction: BagReduction
  let output: FloatOperand

  var blocks: [Int] { [ids, output.block] + [bagOffsets].compactMap(\.self) }
  var weights: [any Weights] { [table] }
  var words: String {
    "gather \(table.words)" + (bagOffsets == nil ? "" : ", \(reduction) of each bag")
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.gather(
      table, ids: workspace.ids(ids),
      bagOffsets: bagOffsets.map { unsafe UnsafePointer(workspace.ids($0)) },
      reduction: reduction, rows: rows, into: workspace.rows(output))
  }
}
