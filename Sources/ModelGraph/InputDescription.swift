public import TesseraWire

/// One input column: where its rows live and how its raw values become what the graph reads.
public struct InputDescription: Hashable, Sendable {
  /// The column's name in the signature.
  public var name: String
  /// The axis of its rows.
  public var axis: Axis
  /// From raw values to ids or numbers.
  public var transform: Transform

  /// What is done to each raw value.
  public enum Transform: Hashable, Sendable {
    /// One id a row.
    case id(IDSource)
    /// Any number of ids a row.
    case bag(IDSource)
    /// One number a row.
    case number(NumberTransform)
    /// A number that becomes an id: how many of the sorted boundaries are ≤ the value.
    case buckets(BucketTransform)
    /// So many numbers a row, read as they come.
    case vector(width: Int)
  }

  /// A column put together in code.
  public init(name: String, axis: Axis, transform: Transform) {
    self.name = name
    self.axis = axis
    self.transform = transform
  }

  /// The column's kind on the wire.
  public var columnKind: ColumnKind {
    switch transform {
    case .id(let source): source.isString ? .string : .integer
    case .bag(let source): source.isString ? .stringBag : .integerBag
    case .number, .buckets: .number
    case .vector: .vector
    }
  }

  /// Numbers of a row on the wire; 1 for all but vectors.
  public var columnWidth: Int {
    switch transform {
    case .vector(let width): width
    case .id, .bag, .number, .buckets: 1
    }
  }

  /// Rows of the embedding table that the column's ids index; nil for plain numbers.
  public var tableRows: Int? {
    switch transform {
    case .id(let source), .bag(let source): source.tableRows
    case .buckets(let buckets): buckets.boundaries.count + 1
    case .number, .vector: nil
    }
  }
}

/// How a raw id becomes a row of a table. Row 0 stands for every unknown id of a vocabulary.
public enum IDSource: Hashable, Sendable {
  /// 1 + the position in the list; 0 for a string that is not in it.
  case strings([String])
  /// 1 + the position in the list; 0 for an integer that is not in it.
  case integers([Int64])
  /// 1 + FNV-1a 64 over the UTF-8 bytes, modulo the number of buckets.
  case hashedStrings(buckets: Int)
  /// 1 + FNV-1a 64 over the eight little-endian bytes, modulo the number of buckets.
  case hashedIntegers(buckets: Int)
  /// The integer itself where it is 0…rows − 1; 0 for every other.
  case dense(rows: Int)

  /// Whether the raw values are strings.
  public var isString: Bool {
    switch self {
    case .strings, .hashedStrings: true
    case .integers, .hashedIntegers, .dense: false
    }
  }

  /// 1 + the vocabulary's or the buckets' count; of dense ids their own.
  public var tableRows: Int {
    switch self {
    case .strings(let values): values.count + 1
    case .integers(let values): values.count + 1
    case .hashedStrings(let buckets), .hashedIntegers(let buckets): buckets + 1
    case .dense(let rows): rows
    }
  }
}

/// The steps from a raw number to the one the graph reads, in float32 and in this order.
public struct NumberTransform: Hashable, Sendable {
  /// Stands in for a missing value (NaN on the wire).
  public var missing: Float
  /// sign(x) · log(1 + |x|).
  public var log1p: Bool
  /// Lowest and highest value kept.
  public var clip: ClosedRange<Float>?
  /// Subtracted.
  public var mean: Float
  /// Divided by.
  public var deviation: Float

  /// The identity, except for what is given.
  public init(
    missing: Float = 0, log1p: Bool = false, clip: ClosedRange<Float>? = nil, mean: Float = 0,
    deviation: Float = 1
  ) {
    self.missing = missing
    self.log1p = log1p
    self.clip = clip
    self.mean = mean
    self.deviation = deviation
  }
}

/// From a number to the count of boundaries that are ≤ it, after `missing` and `log1p`.
public struct BucketTransform: Hashable, Sendable {
  /// Stands in for a missing value (NaN on the wire).
  public var missing: Float
  /// sign(x) · log(1 + |x|).
  public var log1p: Bool
  /// Strictly ascending.
  public var boundaries: [Float]

  /// Boundaries with the steps before them.
  public init(missing: Float = 0, log1p: Bool = false, boundaries: [Float]) {
    self.missing = missing
    self.log1p = log1p
    self.boundaries = boundaries
  }
}
