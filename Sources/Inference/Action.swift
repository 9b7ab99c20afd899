internal import Kernels
internal import TesseraWire

/// What one step of a plan does: a call of a kernel on blocks of the workspace.
///
/// Each action is a type that says everything about itself; nothing has a default. It is boxed once,
/// when the plan is made, so that running it allocates nothing. Rows are those of the step's axis in the
/// chunk at hand.
protocol Action: Sendable {
  /// The blocks that it reads or writes: what keeps them alive.
  var blocks: [Int] { get }
  /// The packed weights and tables that it reads.
  var weights: [any Weights] { get }
  /// Kernel and shapes, such as `product int8 [256 → 128] + rows of the user, relu → int8`.
  var words: String { get }
  /// What its time grows with.
  var growth: Growth { get }
  /// Bytes of kernel scratch for the largest chunk.
  func scratchBytes(_ size: ChunkSize) -> Int
  /// Does it, for `rows` > 0 rows of the step's axis.
  func run(_ rows: Int, in workspace: Workspace)
}

/// What the time of a step grows with.
enum Growth {
  /// The rows of its axis.
  case rows
  /// The pairs of events that a user has: their count squared.
  case eventPairs
}

/// What kernel scratch is sized for.
struct ChunkSize {
  /// Rows of the step's axis.
  let rows: Int
  /// Rows of all axes.
  let chunk: RowCounts
  /// The most events that one user has.
  let eventsOfAUserMax: Int
}

/// Something packed at load that steps share.
protocol Weights: AnyObject { var byteCount: Int { get } }
extension PackedMatrix: Weights {}
extension EmbeddingTable: Weights {}

/// An action with what people want to know about it.
struct Step: Sendable {
  let action: any Action
  /// Whose rows it works on.
  let axis: Axis
  /// The sequence that the rows of events, their offsets and their positions are of.
  let sequence: Int
  /// The nodes or inputs that it computes.
  let label: String
}

extension PackedMatrix {
  var words: String { "\(isInt8 ? "int8" : "float32") [\(depth) → \(outputs)]" }
}

extension EmbeddingTable {
  var words: String { "\(isInt8 ? "int8" : "float32") [\(rows) × \(width)]" }
}

/// How a result leaves a step, where that is not as float rows alone.
func formWords(float: Bool, quantised: Bool) -> String {
  switch (float, quantised) {
  case (true, true): " → float32, int8"
  case (false, true): " → int8"
  case (true, false), (false, false): ""
  }
}
