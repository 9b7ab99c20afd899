/// What differences of scores are allowed, and how much is measured, each with its reason.
public enum PrecisionLimits {
  /// Scores in float32 and the framework's, in parts of the spread: sums in another order differ by some 1e-6, a
  /// swapped gate or a transposed matrix by much more.
  public static let sameMax: Float = 1e-4
  /// Scores in int8 and in float32, in parts of the spread; a probability's is 1. A coupon's chance that is off by
  /// 0.02 changes few decisions.
  public static let differenceMax: Float = 0.02
  /// Rank correlation of scores in int8 and in float32: who is chosen is what counts.
  public static let rankCorrelationMin = 0.995
  /// Cosine between a vector in int8 and in float32.
  public static let cosineMin = 0.995
  /// Rows below which ranks say nothing.
  public static let rankedRowsMin = 20
  /// Requests that are made up where a folder brings none: some thousand rows.
  public static let inventedRequests = 64
  /// Requests that each matrix is tried on alone: a model of a hundred is run a hundred times.
  static let searchRequestsMax = 200
}
