internal import Kernels

/// raw [rows] → one column, for every number of the axis that is transformed.
struct NumbersAction: Action {
  let columns: [NumberColumn]

  var blocks: [Int] { columns.flatMap { [$0.raw, $0.output.block] } }
  var weights: [any Weights] { [] }
  var words: String {
    "numbers" + (columns.count == 1 ? columns[0].transform.words : " × \(columns.count)")
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the calls.
    for column in columns {
      unsafe workspace.plan.kernels.number(
        workspace.floats(column.raw), count: rows, column.transform,
        into: workspace.rows(column.output))
    }
  }
}

/// A column of raw numbers with its transform and its place.
struct NumberColumn: Sendable {
  /// Block of raw float32 [rows].
  let raw: Int
  let transform: NumberTransform
  let output: FloatOperand
}

extension NumberTransform {
  var words: String {
    (log1p ? " log1p" : "") + (clip.lowerBound.isFinite || clip.upperBound.isFinite ? " clip" : "")
      + (mean != 0 || deviation != 1 ? " standardise" : "")
  }
}
