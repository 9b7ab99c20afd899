internal import TesseraWire

/// Blocks that say which rows belong to which row of another axis. None for the root: nobody owns it.
struct RowMaps: Sendable {
  /// int32 [rows of the parent + 1] of the batch: where the rows of each row of the parent begin.
  private(set) var offsetsOfBatch = PerAxis<Int?>(repeating: nil)
  /// As above, counted from the chunk's first row. As all below, of the chunk.
  private(set) var offsets = PerAxis<Int?>(repeating: nil)
  /// int32 [rows]: the row of the parent that owns each row.
  private(set) var parents = PerAxis<Int?>(repeating: nil)
  /// int32 [events]: 0 for the user's oldest event.
  let eventPositions: Int

  init(_ builder: inout PlanBuilder) {
    for axis in Axis.allCases {
      guard let parent = axis.parent else { continue }
      let (rows, owners) = ("\(axis.name)s", "\(parent.name)s")
      offsetsOfBatch[axis] = builder.block("\(rows) of \(owners) in the batch", parent, .offsets)
      offsets[axis] = builder.block("\(rows) of \(owners)", parent, .offsets)
      parents[axis] = builder.block("\(owners) of \(rows)", axis, .ids)
    }
    eventPositions = builder.block("positions of events", .event, .ids)
  }

  /// The blocks that hold the whole batch.
  var batchWide: [Int] { Axis.allCases.compactMap { offsetsOfBatch[$0] } }

  /// All blocks.
  var all: [Int] {
    batchWide + Axis.allCases.flatMap { [offsets[$0], parents[$0]].compactMap(\.self) }
      + [eventPositions]
  }
}
