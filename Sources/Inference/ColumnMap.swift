public import TesseraWire

/// Which columns of a layout a plan reads: all in their order, or, where a frame was decoded with a
/// signature that joins several models' columns, those with the names of the plan's.
public struct ColumnMap: Hashable, Sendable {
  // nil: each column is itself.
  private let columns: [Int]?

  private init(columns: [Int]?) { self.columns = columns }

  /// For layouts that were decoded with the plan's own signature.
  public static let identity = ColumnMap(columns: nil)

  /// The columns of `signature` in another one; nil where one is missing there or differs in axis or kind.
  ///
  /// - Complexity: the product of both counts of columns; make it once and keep it.
  public init?(of signature: Signature, in union: Signature) {
    var columns: [Int] = []
    for column in signature.columns {
      guard let index = union.columns.firstIndex(of: column) else { return nil }
      columns.append(index)
    }
    self.init(columns: columns == Array(union.columns.indices) ? nil : columns)
  }

  /// The layout's column for the plan's. Cost: O(1).
  subscript(column: Int) -> Int { columns?[column] ?? column }

  /// Whether a plan of `count` columns can read layouts of `layoutCount` columns.
  func leads(_ count: Int, into layoutCount: Int) -> Bool {
    guard let columns else { return count == layoutCount }
    return columns.count == count && columns.allSatisfy { $0 < layoutCount }
  }
}
