internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// [rows of a sequence, width] → the rows of each window side by side: [windows, size · width].
struct WindowsAction: Action {
  let input: FloatOperand
  /// The sequence of the input; that of the step is that of the windows.
  let source: Int
  let shape: WindowShape
  let width: Int
  let output: FloatOperand?
  /// Block of quantised rows, where there is no output.
  let quantised: Int?

  var blocks: [Int] { [input.block] + [output?.block, quantised].compactMap(\.self) }
  var weights: [any Weights] { [] }
  var words: String {
    "windows\(shape.words) [\(shape.size) × \(width)]"
      + formWords(float: output != nil, quantised: quantised != nil)
  }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int {
    quantised == nil ? 0 : KernelTable.scratchBytes(windows: shape.size, width: width)
  }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks and scratch of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.windows(
      workspace.rows(input), shape, offsets: workspace.offsets(of: source),
      windowOffsets: workspace.eventOffsets, users: workspace.chunk[.user].count, width: width,
      into: output.map { unsafe workspace.rows($0) },
      quantised: quantised.map { unsafe workspace.quantisedRows($0) }, scratch: workspace.scratch)
  }
}

/// [rows of a sequence, width] → [windows, width].
struct WindowPoolAction: Action {
  let input: FloatOperand
  /// As above.
  let source: Int
  let shape: WindowShape
  let pooling: WindowPooling
  let width: Int
  let output: FloatOperand

  var blocks: [Int] { [input.block, output.block] }
  var weights: [any Weights] { [] }
  var words: String { "pool \(pooling) of windows\(shape.words) of \(shape.size) [\(width)]" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { 0 }

  func run(_ rows: Int, in workspace: Workspace) {
    // Blocks of the workspace, which outlives the call.
    unsafe workspace.plan.kernels.pool(
      workspace.rows(input), shape, pooling, offsets: workspace.offsets(of: source),
      windowOffsets: workspace.eventOffsets, users: workspace.chunk[.user].count, width: width,
      into: workspace.rows(output))
  }
}

extension WindowShape {
  init(_ windows: Operation.Windows) {
    self.init(
      size: windows.size, stride: windows.stride, dilation: windows.dilation,
      padding: WindowPadding(windows.padding))
  }

  /// As in a printed plan.
  fileprivate var words: String {
    " \(padding)" + (stride == 1 ? "" : ", stride \(stride)")
      + (dilation == 1 ? "" : ", dilation \(dilation)")
  }
}

extension WindowPadding {
  fileprivate init(_ padding: Operation.Padding) {
    self =
      switch padding {
      case .valid: .valid
      case .same: .same
      case .causal: .causal
      }
  }
}
