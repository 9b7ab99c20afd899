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

/// An operation with its attributes. The formulas stand in `Registry/MODEL.md`.
public enum Operation: Hashable, Sendable {
  /// A row of a table for each id; the mean or sum of rows for a bag.
  case embedding(Embedding)
  /// The inputs side by side.
  case concat
  /// The sum of the inputs, element by element.
  case add
  /// The product of the inputs, element by element.
  case multiply
  /// activation(W·x + b).
  case linear(Linear)
  /// A long short-term memory over each user's events.
  case lstm(LSTM)
  /// Self-attention blocks over each user's events.
  case transformer(Transformer)
  /// gain · (x − mean) / sqrt(variance + epsilon) + bias.
  case layerNorm(epsilon: Float)
  /// One row for each user from the rows of its events.
  case pool(Pooling)
  /// 1 / (1 + exp(−x)).
  case sigmoid

  /// The operation's name in `model.json`.
  public var name: String {
    switch self {
    case .embedding: "embedding"
    case .concat: "concat"
    case .add: "add"
    case .multiply: "multiply"
    case .linear: "linear"
    case .lstm: "lstm"
    case .transformer: "transformer"
    case .layerNorm: "layer_norm"
    case .pool: "pool"
    case .sigmoid: "sigmoid"
    }
  }

  /// How many inputs the operation takes.
  public var inputCounts: ClosedRange<Int> {
    switch self {
    case .concat, .add, .multiply: 2...ModelLimits.nodeInputsMax
    default: 1...1
    }
  }
}

extension Operation {
  /// Attributes of an embedding.
  public struct Embedding: Hashable, Sendable {
    /// The tensor's name; several embeddings may share it.
    public var table: String
    /// Columns of the table.
    public var width: Int
    /// How the rows of a bag become one; nil for a plain id.
    public var reduce: Reduction?
    /// All attributes.
    public init(table: String, width: Int, reduce: Reduction? = nil) {
      self.table = table
      self.width = width
      self.reduce = reduce
    }
  }

  /// How the rows of a bag become one. An empty bag gives zeros.
  public enum Reduction: String, Hashable, Sendable, CaseIterable {
    /// Sum over the bag divided by its size.
    case mean
    /// Sum over the bag.
    case sum
  }

  /// Attributes of a linear node.
  public struct Linear: Hashable, Sendable {
    /// Width of the result.
    public var units: Int
    /// Whether a bias is added.
    public var useBias: Bool
    /// Applied to the sum.
    public var activation: Activation
    /// All attributes.
    public init(units: Int, useBias: Bool = true, activation: Activation = .none) {
      self.units = units
      self.useBias = useBias
      self.activation = activation
    }
  }

  /// A function applied to every element.
  public enum Activation: String, Hashable, Sendable, CaseIterable {
    /// x.
    case none
    /// max(0, x).
    case relu
    /// x · Φ(x), with the error function, not the tanh approximation.
    case gelu
    /// Hyperbolic tangent.
    case tanh
    /// 1 / (1 + exp(−x)).
    case sigmoid
  }

  /// Attributes of an LSTM.
  public struct LSTM: Hashable, Sendable {
    /// Width of the state.
    public var units: Int
    /// Stacked layers.
    public var layers: Int
    /// Whether a second LSTM reads from the newest event to the oldest.
    public var bidirectional: Bool
    /// What leaves the node.
    public var returns: Returned
    /// All attributes.
    public init(units: Int, layers: Int = 1, bidirectional: Bool = false, returns: Returned) {
      self.units = units
      self.layers = layers
      self.bidirectional = bidirectional
      self.returns = returns
    }

    /// What leaves an LSTM.
    public enum Returned: String, Hashable, Sendable, CaseIterable {
      /// The hidden state after each event: event axis.
      case sequence
      /// The last hidden state: user axis.
      case state
    }
  }

  /// Attributes of a stack of transformer blocks.
  public struct Transformer: Hashable, Sendable {
    /// Blocks.
    public var layers: Int
    /// Heads of the attention; divides the width.
    public var heads: Int
    /// Width of the hidden layer between the two products after the attention.
    public var feedForward: Int
    /// Where the normalisations stand.
    public var norm: Norm
    /// Whether an event sees only itself and older events.
    public var causal: Bool
    /// Between the two products of the feed-forward part: relu or gelu.
    public var activation: Activation
    /// What is added to the input to tell positions apart.
    public var positions: Positions
    /// Of the normalisations.
    public var epsilon: Float
    /// All attributes.
    public init(
      layers: Int, heads: Int, feedForward: Int, norm: Norm, causal: Bool = false,
      activation: Activation = .relu, positions: Positions = .none, epsilon: Float
    ) {
      self.layers = layers
      self.heads = heads
      self.feedForward = feedForward
      self.norm = norm
      self.causal = causal
      self.activation = activation
      self.positions = positions
      self.epsilon = epsilon
    }

    /// Where the normalisations stand.
    public enum Norm: String, Hashable, Sendable, CaseIterable {
      /// x + f(norm(x)).
      case pre
      /// norm(x + f(x)).
      case post
    }

    /// What is added to the input to tell positions apart.
    public enum Positions: String, Hashable, Sendable, CaseIterable {
      /// Nothing.
      case none
      /// Rows of a tensor; row 0 belongs to the user's oldest event.
      case learned
      /// Sines and cosines.
      case sinusoidal
    }
  }

  /// One row for each user from the rows of its events; zeros when it has none.
  public enum Pooling: String, Hashable, Sendable, CaseIterable {
    /// The newest event's row.
    case last
    /// The oldest event's row.
    case first
    /// The mean row.
    case mean
    /// The largest of each column.
    case max
  }
}
