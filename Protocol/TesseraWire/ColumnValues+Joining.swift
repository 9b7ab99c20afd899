extension ColumnValues {
  /// The rows of all parts, one part after another; nil when they are not all of one kind and width, or
  /// there is none. Cost: one copy of each value.
  public init?(joining parts: [ColumnValues]) {
    guard let first = parts.first else { return nil }
    guard parts.count > 1 else {
      self = first
      return
    }
    /// The payloads of all parts, or nil where one is of another kind.
    func all<Payload>(_ payload: (ColumnValues) -> [Payload]?) -> [Payload]? {
      var joined: [Payload] = []
      joined.reserveCapacity(parts.reduce(0) { $0 + $1.rows })
      for part in parts {
        guard let values = payload(part) else { return nil }
        joined += values
      }
      return joined
    }
    let joined: ColumnValues? =
      switch first {
      case .integers: all { if case .integers(let values) = $0 { values } else { nil } }
        .map(ColumnValues.integers)
      case .numbers: all { if case .numbers(let values) = $0 { values } else { nil } }
        .map(ColumnValues.numbers)
      case .strings: all { if case .strings(let values) = $0 { values } else { nil } }
        .map(ColumnValues.strings)
      case .integerBags: all { if case .integerBags(let values) = $0 { values } else { nil } }
        .map(ColumnValues.integerBags)
      case .stringBags: all { if case .stringBags(let values) = $0 { values } else { nil } }
        .map(ColumnValues.stringBags)
      case .texts: all { if case .texts(let values) = $0 { values } else { nil } }
        .map(ColumnValues.texts)
      case .vectors(let width, _):
        all { if case .vectors(width, let values) = $0 { values } else { nil } }
          .map { .vectors(width: width, $0) }
      case .scaledVectors(let width, _, _):
        switch (
          all { if case .scaledVectors(width, let scales, _) = $0 { scales } else { nil } },
          all { if case .scaledVectors(width, _, let values) = $0 { values } else { nil } }
        ) {
        case (let scales?, let values?):
          .scaledVectors(width: width, scales: scales, values: values)
        case (nil, _), (_, nil): nil
        }
      }
    guard let joined else { return nil }
    self = joined
  }
}
