public import TesseraWire

/// What the time of a batch grows with: the terms that a model of its cost should have.
public struct CostTerms: Hashable, Sendable {
  /// Axes on which something is computed; rows of the others are only decoded.
  public let rows: PerAxis<Bool>
  /// Whether it grows with the pairs of events of each user too, Σ T², because the model attends.
  public let eventPairs: Bool

  init(_ steps: [Step]) {
    rows = PerAxis { axis in steps.contains { $0.axis == axis } }
    eventPairs = steps.contains { step in
      switch step.action.growth {
      case .rows: false
      case .eventPairs: true
      }
    }
  }
}
