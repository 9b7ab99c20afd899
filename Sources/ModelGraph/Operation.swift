/// An operation with its attributes. The formulas stand in `Registry/MODEL.md`.
///
/// What an operation is stands in its file under `Operations`, how it is computed in the file of the
/// same name in `Inference`. This file is the only list of them: a case, a body, a word that is read,
/// and a method that a visitor must have.
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
  /// A gated recurrent unit over each user's events.
  case gru(GRU)
  /// A plain recurrent layer over each user's events.
  case rnn(RNN)
  /// A convolution over each user's events.
  case conv1d(Conv1D)
  /// Pooling over windows of each user's events.
  case pool1d(Pool1D)
  /// Self-attention blocks over each user's events.
  case transformer(Transformer)
  /// gain · (x − mean) / sqrt(variance + epsilon) + bias.
  case layerNorm(epsilon: Float)
  /// One row for each user from the rows of its events.
  case pool(Pooling)
  /// 1 / (1 + exp(−x)).
  case sigmoid
}

extension Operation {
  /// What the operation is.
  var body: any OperationBody {
    switch self {
    case .embedding(let embedding): embedding
    case .concat: Concat()
    case .add: Add()
    case .multiply: Multiply()
    case .linear(let linear): linear
    case .lstm(let lstm): lstm
    case .gru(let gru): gru
    case .rnn(let rnn): rnn
    case .conv1d(let conv1d): conv1d
    case .pool1d(let pool1d): pool1d
    case .transformer(let transformer): transformer
    case .layerNorm(let epsilon): LayerNorm(epsilon: epsilon)
    case .pool(let mode): Pool(mode: mode)
    case .sigmoid: Sigmoid()
    }
  }

  /// What `op` can say in `model.json`, in the order of `Registry/MODEL.md`.
  static let bodies: [any OperationBody.Type] = [
    Embedding.self, Concat.self, Add.self, Multiply.self, Linear.self, LSTM.self,
    GRU.self, RNN.self, Conv1D.self, Pool1D.self,
    Transformer.self, LayerNorm.self, Pool.self, Sigmoid.self,
  ]
}

/// Something that has an answer for every operation; what has none for one of them does not compile.
///
/// Each method stands in the file of its operation.
package protocol OperationVisitor {
  associatedtype Answer
  func visit(_ embedding: Operation.Embedding) -> Answer
  func visit(_ concat: Operation.Concat) -> Answer
  func visit(_ add: Operation.Add) -> Answer
  func visit(_ multiply: Operation.Multiply) -> Answer
  func visit(_ linear: Operation.Linear) -> Answer
  func visit(_ lstm: Operation.LSTM) -> Answer
  func visit(_ gru: Operation.GRU) -> Answer
  func visit(_ rnn: Operation.RNN) -> Answer
  func visit(_ conv1d: Operation.Conv1D) -> Answer
  func visit(_ pool1d: Operation.Pool1D) -> Answer
  func visit(_ transformer: Operation.Transformer) -> Answer
  func visit(_ layerNorm: Operation.LayerNorm) -> Answer
  func visit(_ pool: Operation.Pool) -> Answer
  func visit(_ sigmoid: Operation.Sigmoid) -> Answer
}

extension Operation {
  /// The operation's name in `model.json`.
  public var name: String { type(of: body).word }

  /// The names of all operations, in the order of `Registry/MODEL.md`.
  public static var names: [String] { bodies.map { $0.word } }

  /// How many inputs the operation takes.
  public var inputCounts: ClosedRange<Int> { type(of: body).inputCounts }

  /// The visitor's answer for this operation.
  package func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer {
    body.accept(visitor)
  }
}
