internal import Kernels
internal import TesseraWire

extension Workspace {
  /// Scores the batch, a chunk of users after the other.
  ///
  /// - Complexity: that of the plan; see its printed form.
  public func run() {
    beginChunks()
    while nextChunk() {
      for index in plan.steps.indices { run(step: index) }
    }
  }

  /// Scores the batch and lets the caller run each step, so that a bench can time it.
  package func run(around: (_ step: Int, _ work: () -> Void) -> Void) {
    beginChunks()
    while nextChunk() {
      for index in plan.steps.indices { around(index) { run(step: index) } }
    }
  }

  private func run(step index: Int) {
    let axis = plan.steps[index].axis
    sequence = plan.steps[index].sequence
    // The last offset counts the rows of all users: a block of the chunk, from its first row on.
    let rows =
      unsafe axis == .event ? Int(eventOffsets[chunk[.user].count]) : chunk[axis].count
    if rows > 0 { plan.steps[index].action.run(rows, in: self) }
  }
}

// MARK: - What actions ask for

// All of it lies in the workspace's memory, and is used while a step runs.
extension Workspace {
  /// int32 [users + 1]: where each user's events begin, those of the step's sequence.
  var eventOffsets: UnsafeMutablePointer<Int32> {
    // A block of the chunk, from its first row on.
    unsafe offsets(of: sequence)
  }

  /// As above, of another sequence.
  func offsets(of sequence: Int) -> UnsafeMutablePointer<Int32> {
    // As above.
    unsafe ids(plan.maps.sequences[sequence].offsets)
  }

  /// int32 [events]: 0 for the user's oldest event, those of the step's sequence.
  var eventPositions: UnsafeMutablePointer<Int32> {
    // As above.
    unsafe ids(plan.maps.sequences[sequence].positions)
  }

  func operand(_ operand: MatrixOperand) -> ProductInput {
    // Blocks of the workspace.
    switch operand {
    case .quantised(let block): unsafe .int8(quantisedRows(block))
    case .float(let operand): unsafe .float(rows(operand))
    }
  }

  func mapped(_ operand: MappedOperand) -> MappedRows {
    // Blocks of the workspace.
    let rows = unsafe rows(operand.operand)
    switch operand.map {
    case .same: return unsafe MappedRows(rows)
    case .parent(of: .event):
      return unsafe MappedRows(rows, map: ids(plan.maps.sequences[sequence].parents))
    case .parent(let axis):
      return unsafe MappedRows(rows, map: ids(Self.block(plan.maps.parents[axis])))
    }
  }

  /// A map's block: every axis but the root has one.
  static func block(_ block: Int?) -> Int {
    guard let block else { preconditionFailure("the root axis has no parent") }
    return block
  }
}
