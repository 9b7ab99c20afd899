/// A tensor in memory: row-major, the first axis is the output channel.
public struct TensorData: Hashable, Sendable {
  /// The name that the model description expects.
  public var name: String
  /// One or two dimensions.
  public var shape: [Int]
  /// The numbers.
  public var storage: Storage

  /// How the numbers are kept.
  public enum Storage: Hashable, Sendable {
    /// As they were trained.
    case float32([Float])
    /// value · scale of its row. Only matrices; one scale for each row (first axis).
    case int8(values: [Int8], scales: [Float])
  }

  /// A tensor put together in code. Nothing is checked; ``TypedGraph/validate(_:)`` does.
  public init(name: String, shape: [Int], storage: Storage) {
    self.name = name
    self.shape = shape
    self.storage = storage
  }

  /// Product of the dimensions.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Whether the numbers are int8 with a scale for each row.
  public var isQuantised: Bool {
    if case .int8 = storage { true } else { false }
  }
}
