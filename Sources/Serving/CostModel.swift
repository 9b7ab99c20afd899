/// What a row of one version costs, learned from the batches that were run: an exponentially
/// weighted mean of compute nanoseconds per row.
///
/// One number is enough. It is used to bound a queue and to size a batch, where an error of a
/// factor of two is harmless; and it is learned from the batch sizes of the moment, so under load
/// it holds the cost of a row in a full batch.
package struct CostModel: Hashable, Sendable {
  /// The estimate, in nanoseconds per row.
  package private(set) var nanosecondsPerRow: Double

  /// Begins at an estimate, usually the one that the warm-up measured.
  package init(nanosecondsPerRow: Double) {
    self.nanosecondsPerRow = max(1, nanosecondsPerRow)
  }

  /// Estimated compute of `rows` rows, in nanoseconds.
  package func estimate(rows: Int) -> Int64 {
    Int64(nanosecondsPerRow * Double(rows))
  }

  /// Learns from a batch of `rows` rows that took `nanoseconds`.
  package mutating func observe(rows: Int, nanoseconds: Int64) {
    guard rows > 0 else { return }
    let seen = min(
      max(1, Double(nanoseconds) / Double(rows)),
      nanosecondsPerRow * ServingLimits.costSurpriseMax)
    nanosecondsPerRow += (seen - nanosecondsPerRow) * ServingLimits.costWeight
  }
}
