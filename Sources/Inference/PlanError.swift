public import ModelGraph

/// Why no plan could be made.
public struct PlanError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of a refusal.
  public enum Code: Hashable, Sendable {
    /// The tensors do not fit the graph; the message is the graph's.
    case tensors
    /// The batch limits are too small for one user of the model, or too large for memory.
    case limits
  }

  /// The kind of refusal.
  public let code: Code
  /// What is wrong, where, and what to do.
  public let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// The refusal of the tensors by their graph.
  public init(_ error: ModelError) { self.init(.tensors, "\(error)") }
}
