internal import Kernels

/// float [rows, columns] → quantised rows.
struct QuantiseAction: Action {
  let input: FloatOperand
  let columns: Int
  /// Block of quantised rows.
  let output: Int

  var blocks: [Int] { [input.block, output] }
  var weights: [any Weights] { [] }
  var words: String { "quantise [\(columns)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.quantise(
      workspace.rows(input), rows: rows, columns: columns, into: workspace.quantisedRows(output))
  }
}
