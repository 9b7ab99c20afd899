package import TesseraWire

/// What compute time depends on: of one frame, of some users of it, or of a batch.
package struct WorkSize: Hashable, Sendable {
  /// Rows of each axis.
  package var rows: RowCounts
  /// Σ over users of their events squared: the pairs that attention is paid to.
  package var eventPairs: Int

  package init(rows: RowCounts = RowCounts(), eventPairs: Int = 0) {
    self.rows = rows
    self.eventPairs = eventPairs
  }

  /// Both together.
  package static func + (left: WorkSize, right: WorkSize) -> WorkSize {
    WorkSize(
      rows: left.rows + right.rows, eventPairs: left.eventPairs + right.eventPairs)
  }
}
