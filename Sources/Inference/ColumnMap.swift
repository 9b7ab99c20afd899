/// Which columns of a layout a plan reads: all in their order, or, where a frame was decoded with a
/// signature that joins several models' columns, those with the names of the plan's.
public struct ColumnMap: Hashable, Sendable {
  // nil: each column is itself.
  private let columns: [Int]?

  private init(columns: [Int]?) { self.columns = columns }

  /// For layouts that were decoded with the plan's own signature.
  public static let identity = ColumnMap(columns: nil)

  /// - Parameters:
  ///   - columns: for each of the plan's columns its place in the joined signature, as
  ///     `SignatureUnion.columns` has them.
  ///   - count: of the joined signature's columns.
  public init(_ columns: [Int], of count: Int) {
    precondition(columns.allSatisfy { $0 >= 0 && $0 < count }, "a column outside the signature")
    self.init(columns: columns == Array(0..<count) ? nil : columns)
  }

  /// The layout's column for the plan's. Cost: O(1).
  subscript(column: Int) -> Int { columns?[column] ?? column }

  /// Whether a plan of `count` columns can read layouts of `layoutCount` columns.
  func leads(_ count: Int, into layoutCount: Int) -> Bool {
    guard let columns else { return count == layoutCount }
    return columns.count == count && columns.allSatisfy { $0 < layoutCount }
  }
}
