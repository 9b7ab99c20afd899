package import TesseraWire

/// What the work of one version costs, learned from the batches that were run: nanoseconds for a row of
/// each axis and, where the model attends, for each pair of a user's events.
///
/// Learned by a normalised LMS step in relative terms. A batch that took r times the estimate moves the
/// estimate of just this batch by the fraction `costWeight` towards it, and each term by its part in it:
/// w ← w · (1 + µ (r − 1) s / Σs²), where s is the term's part of the estimate. A term that a batch
/// does not have is left alone. Weights are multiplied by positive numbers only, so none can become
/// negative; and while batches look alike this is an exponentially weighted mean.
///
/// It is learned from the batch sizes of the moment, so under load it holds costs in a full batch. It is
/// used to bound a queue and to size a batch, where an error of a factor of two is harmless.
package struct CostModel: Hashable, Sendable {
  /// Nanoseconds for one of each: the axes by their number, then ``eventPairs``. Four places are free.
  private var weights: SIMD8<Double>

  private static let eventPairs = 3

  /// Begins at one cost for a row of any axis, usually the one that the warm-up measured.
  ///
  /// - Parameter attends: whether the model's time grows with the square of a user's events.
  package init(nanosecondsPerRow: Double, attends: Bool = false) {
    let range = ServingLimits.costNanosecondsRange
    let row = min(max(range.lowerBound, nanosecondsPerRow), range.upperBound)
    weights = .zero
    for axis in Axis.allCases { weights[Int(axis.rawValue)] = row }
    precondition(Axis.allCases.count <= CostModel.eventPairs)
    if attends {
      weights[CostModel.eventPairs] = max(range.lowerBound, row * ServingLimits.costOfPairAssumed)
    }
  }

  /// Nanoseconds for a row of an axis.
  package func nanosecondsPerRow(_ axis: Axis) -> Double { weights[Int(axis.rawValue)] }

  /// Estimated compute, in nanoseconds.
  package func estimate(_ size: WorkSize) -> Int64 {
    Int64((weights * CostModel.quantities(size)).sum())
  }

  /// Learns from a batch of this size that took `nanoseconds`.
  package mutating func observe(_ size: WorkSize, nanoseconds: Int64) {
    let terms = weights * CostModel.quantities(size)
    let estimate = terms.sum()
    guard estimate > 0 else { return }
    let surprise = ServingLimits.costSurpriseMax
    let ratio = min(max(Double(nanoseconds) / estimate, 1 / surprise), surprise)
    let parts = terms / estimate
    let steps = parts * (ServingLimits.costWeight * (ratio - 1) / (parts * parts).sum())
    let next = weights + weights * steps
    // A term that has become nothing could never come back.
    let range = ServingLimits.costNanosecondsRange
    let bounded = next.clamped(
      lowerBound: SIMD8(repeating: range.lowerBound), upperBound: SIMD8(repeating: range.upperBound)
    )
    weights.replace(with: bounded, where: weights .> 0)
  }

  private static func quantities(_ size: WorkSize) -> SIMD8<Double> {
    var quantities = SIMD8<Double>.zero
    for axis in Axis.allCases { quantities[Int(axis.rawValue)] = Double(size.rows[axis]) }
    quantities[eventPairs] = Double(size.eventPairs)
    return quantities
  }
}

extension CostModel: CustomStringConvertible {
  /// For the log: `850 ns a row of user, …, 13 ns a pair of events`.
  package var description: String {
    let rows = Axis.allCases.map { "\(Int(nanosecondsPerRow($0))) ns a row of \($0.name)" }
    let pairs = Int(weights[CostModel.eventPairs])
    return (rows + (pairs > 0 ? ["\(pairs) ns a pair of events"] : [])).joined(separator: ", ")
  }
}
