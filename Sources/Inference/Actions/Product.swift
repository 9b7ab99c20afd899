internal import Kernels

/// activation(input · Wᵀ + bias + addend): [rows, outputs].
struct ProductAction: Action {
  let matrix: PackedMatrix
  let input: MatrixOperand
  let addend: MappedOperand?
  let activation: Activation
  let output: FloatOperand?
  /// Block of quantised rows.
  let quantised: Int?

  var blocks: [Int] {
    [input.block] + [addend?.operand.block, output?.block, quantised].compactMap(\.self)
  }
  var weights: [any Weights] { [matrix] }
  var words: String {
    "product \(matrix.words)" + (addend.map { " + rows\($0.map.words)" } ?? "")
      + (activation == .none ? "" : ", \(activation)")
      + formWords(float: output != nil, quantised: quantised != nil)
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { KernelTable.scratchBytes(product: matrix) }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks and scratch of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.product(
      matrix, workspace.operand(input), rows: rows,
      addend: addend.map { unsafe workspace.mapped($0) }, activation: activation,
      into: output.map { unsafe workspace.rows($0) },
      quantised: quantised.map { unsafe workspace.quantisedRows($0) }, scratch: workspace.scratch)
  }
}
