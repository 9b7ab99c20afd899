/// Where one column lies in a SCORE body. All offsets count from the body's first byte.
///
/// ```
/// offset  countsOffset  lengthsOffset  valuesOffset          offset + byteCount
///   │ encoding │ counts (bags) │ lengths (strings) │ values          │
/// ```
/// A part that the column does not have is empty: its offset equals the next part's.
public struct ColumnLayout: Hashable, Sendable {
  /// The base encoding of the values.
  public var encoding: Encoding
  /// Whether a row holds several values.
  public var isBag: Bool
  /// Rows on the column's axis: users, ΣT or ΣN.
  public var rows: Int
  /// The encoding byte.
  public var offset: Int
  /// Bags: `rows` bytes, the members of each row.
  public var countsOffset: Int
  /// Strings: `valueCount` bytes, the length of each value.
  public var lengthsOffset: Int
  /// The first byte of the first value.
  public var valuesOffset: Int
  /// Values of all rows: `rows`, or for bags the sum of the counts.
  public var valueCount: Int
  /// Bytes of the column, from the encoding byte to the last value.
  public var byteCount: Int
}
