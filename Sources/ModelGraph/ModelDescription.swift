/// What `model.json` says: the input columns with their transforms, the graph, the outputs.
///
/// A plain value; whether it makes sense is found out by ``TypedGraph``. The format is written down
/// in `Registry/MODEL.md`.
public struct ModelDescription: Hashable, Sendable {
  /// The only format version there is.
  public static let formatVersion = 1

  /// The model's name, unless another is given at import.
  public var name: String
  /// Rows of the event axis and of the coupon axis that one user may have.
  public var limits: Rows
  /// The input columns, in the order in which requests carry them.
  public var inputs: [InputDescription]
  /// The nodes; each uses only inputs and nodes that stand before it.
  public var nodes: [NodeDescription]
  /// The names of the nodes whose values are the scores.
  public var outputs: [String]

  /// The most rows that one user may have.
  public struct Rows: Hashable, Sendable {
    /// Events.
    public var events: Int
    /// Coupons.
    public var coupons: Int
    /// Both limits.
    public init(events: Int, coupons: Int) {
      self.events = events
      self.coupons = coupons
    }
  }

  /// A description put together in code.
  public init(
    name: String, limits: Rows, inputs: [InputDescription], nodes: [NodeDescription],
    outputs: [String]
  ) {
    self.name = name
    self.limits = limits
    self.inputs = inputs
    self.nodes = nodes
    self.outputs = outputs
  }
}
