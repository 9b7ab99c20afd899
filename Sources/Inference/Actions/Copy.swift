internal import Kernels

/// Repeats rows of a coarser axis, or moves columns: [rows, width].
struct CopyAction: Action {
  let input: MappedOperand
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.operand.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "copy [\(width)]\(input.map.words)" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.copy(
      workspace.mapped(input), rows: rows, width: width, into: workspace.rows(output))
  }
}
