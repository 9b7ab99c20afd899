internal import ModelGraph
internal import TesseraWire

/// Blocks that say which rows belong to which row of another axis. None for the root: nobody owns it.
struct RowMaps: Sendable {
  /// int32 [rows of the parent + 1] of the batch: where the rows of each row of the parent begin.
  private(set) var offsetsOfBatch = PerAxis<Int?>(repeating: nil)
  /// As above, counted from the chunk's first row. As all below, of the chunk.
  private(set) var offsets = PerAxis<Int?>(repeating: nil)
  /// int32 [rows]: the row of the parent that owns each row.
  private(set) var parents = PerAxis<Int?>(repeating: nil)
  /// Of each of the graph's sequences; the first, of the request's events, is the one above.
  private(set) var sequences: [OfSequence] = []

  struct OfSequence {
    /// int32 [users + 1]: where each user's rows begin.
    let offsets: Int
    /// int32 [rows]: the user who owns each row.
    let parents: Int
    /// int32 [rows]: 0 for the user's oldest.
    let positions: Int

    var all: [Int] { [offsets, parents, positions] }
  }

  init(_ builder: inout PlanBuilder) {
    for axis in Axis.allCases {
      guard let parent = axis.parent else { continue }
      let (rows, owners) = ("\(axis.name)s", "\(parent.name)s")
      offsetsOfBatch[axis] = builder.block("\(rows) of \(owners) in the batch", parent, .offsets)
      offsets[axis] = builder.block("\(rows) of \(owners)", parent, .offsets)
      parents[axis] = builder.block("\(owners) of \(rows)", axis, .ids)
    }
    for index in builder.graph.sequences.indices {
      let rows = index == 0 ? "events" : "sequence \(index)"
      sequences.append(
        OfSequence(
          offsets: (index == 0 ? offsets[.event] : nil)
            ?? builder.block("\(rows) of users", .user, .offsets),
          parents: (index == 0 ? parents[.event] : nil)
            ?? builder.block("users of \(rows)", .event, .ids),
          positions: builder.block("positions of \(rows)", .event, .ids)))
    }
  }

  /// The blocks that hold the whole batch.
  var batchWide: [Int] { Axis.allCases.compactMap { offsetsOfBatch[$0] } }

  /// All blocks.
  var all: [Int] {
    batchWide + Axis.allCases.flatMap { [offsets[$0], parents[$0]].compactMap(\.self) }
      + sequences.flatMap(\.all)
  }
}
