internal import Kernels
internal import ModelGraph

/// How an operation is computed: what it demands of its inputs, and the steps that it becomes.
///
/// Nothing has a default. The file of an operation in this module conforms it and adds its method to
/// ``LoweringOf``; what is missing does not compile.
protocol Lowering {
  /// How a node of this name takes its inputs; all that fusion has to know.
  func reading(_ name: String) -> Reading
  /// Writes the steps of the node.
  func lower(_ node: Int, into builder: inout PlanBuilder)
}

/// Finds the lowering of an operation.
struct LoweringOf: OperationVisitor {}

extension Operation {
  var lowering: any Lowering { accept(LoweringOf()) }
}

/// How an operation takes its inputs.
enum Reading: Equatable {
  /// As numbers of table rows.
  case ids
  /// As float rows.
  case floats
  /// As float rows, and quantised if this matrix is int8.
  case floatsAnd(forMatrix: String)
  /// As float rows of which each number is taken by itself: a product before it can end with this.
  case elements(Activation)
  /// As float rows of which some columns are its own: nothing is computed.
  case columns
  /// Side by side: what it reads can be computed into its own rows.
  case sideBySide
  /// Multiplied by these matrices `[outputs, width]` before anything else. `foldedWidth` is the width of
  /// an embedding table that is multiplied ahead, or nil where that does not pay.
  case projected(by: [String], foldedWidth: Int?)
}
