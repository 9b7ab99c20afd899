/// Where one column lies in a SCORE body. All offsets count from the body's first byte.
///
/// ```
/// offset  countsOffset  prefixesOffset                    valuesOffset   offset + byteCount
///   │ encoding │ counts (bags) │ lengths (strings, texts), scales │ values          │
/// ```
/// A part that the column does not have is empty: its offset equals the next part's.
public struct ColumnLayout: Hashable, Sendable {
  /// The base encoding of the values.
  public var encoding: Encoding
  /// Whether a row holds several values.
  public var isBag: Bool
  /// Rows on the column's axis: users, ΣT or ΣN.
  public var rows: Int
  /// Numbers of a value: those of a row for vectors, else 1.
  public var width: Int
  /// The encoding byte.
  public var offset: Int
  /// Bags: `rows` bytes, the members of each row.
  public var countsOffset: Int
  /// ``Encoding/prefixByteCount`` bytes for each value: its length, or its row's scale.
  public var prefixesOffset: Int
  /// The first byte of the first value.
  public var valuesOffset: Int
  /// Values of all rows: `rows`, or for bags the sum of the counts.
  public var valueCount: Int
  /// Bytes of the column, from the encoding byte to the last value.
  public var byteCount: Int
}
