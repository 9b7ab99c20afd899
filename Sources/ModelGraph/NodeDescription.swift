/// One node of the graph: an operation on inputs or on nodes before it.
public struct NodeDescription: Hashable, Sendable {
  /// Names the node's value and begins the names of its tensors.
  public var name: String
  /// The columns and nodes it reads.
  public var inputs: [String]
  /// What it does, with its attributes.
  public var operation: Operation

  /// A node put together in code.
  public init(name: String, inputs: [String], operation: Operation) {
    self.name = name
    self.inputs = inputs
    self.operation = operation
  }
}
