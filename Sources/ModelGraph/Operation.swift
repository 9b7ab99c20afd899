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
  /// The first input less the second, element by element.
  case subtract
  /// The largest of the inputs, element by element.
  case maximum
  /// The smallest of the inputs, element by element.
  case minimum
  /// Σ xᵢ·yᵢ of two vectors.
  case dot
  /// Neighbouring columns of the input.
  case slice(Slice)
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
  /// x · gain + bias, of each column.
  case scale
  /// gain · (x − mean) / sqrt(variance + epsilon) + bias, with the mean and the variance of training.
  case batchNorm(epsilon: Float)
  /// x / max(sqrt(Σ x²), epsilon).
  case l2Norm(epsilon: Float)
  /// exp(x) / Σ exp(x).
  case softmax
  /// A function of each number by itself.
  case activation(ElementFunction)
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
    case .subtract: Subtract()
    case .maximum: Maximum()
    case .minimum: Minimum()
    case .dot: Dot()
    case .slice(let slice): slice
    case .linear(let linear): linear
    case .lstm(let lstm): lstm
    case .gru(let gru): gru
    case .rnn(let rnn): rnn
    case .conv1d(let conv1d): conv1d
    case .pool1d(let pool1d): pool1d
    case .transformer(let transformer): transformer
    case .layerNorm(let epsilon): LayerNorm(epsilon: epsilon)
    case .scale: Scale()
    case .batchNorm(let epsilon): BatchNorm(epsilon: epsilon)
    case .l2Norm(let epsilon): L2Norm(epsilon: epsilon)
    case .softmax: Softmax()
    case .activation(let function): function
    case .pool(let mode): Pool(mode: mode)
    case .sigmoid: Sigmoid()
    }
  }

  /// What `op` can say in `model.json`, in the order of `Registry/MODEL.md`.
  static let bodies: [any OperationBody.Type] = [
    Embedding.self, Concat.self, Add.self, Multiply.self,
    Subtract.self, Maximum.self, Minimum.self, Dot.self, Slice.self,
    Linear.self, LSTM.self, GRU.self, RNN.self, Conv1D.self, Pool1D.self,
    Transformer.self, LayerNorm.self,
    Scale.self, BatchNorm.self, L2Norm.self, Softmax.self, ElementFunction.self,
    Pool.self, Sigmoid.self,
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
  func visit(_ subtract: Operation.Subtract) -> Answer
  func visit(_ maximum: Operation.Maximum) -> Answer
  func visit(_ minimum: Operation.Minimum) -> Answer
  func visit(_ dot: Operation.Dot) -> Answer
  func visit(_ slice: Operation.Slice) -> Answer
  func visit(_ linear: Operation.Linear) -> Answer
  func visit(_ lstm: Operation.LSTM) -> Answer
  func visit(_ gru: Operation.GRU) -> Answer
  func visit(_ rnn: Operation.RNN) -> Answer
  func visit(_ conv1d: Operation.Conv1D) -> Answer
  func visit(_ pool1d: Operation.Pool1D) -> Answer
  func visit(_ transformer: Operation.Transformer) -> Answer
  func visit(_ layerNorm: Operation.LayerNorm) -> Answer
  func visit(_ scale: Operation.Scale) -> Answer
  func visit(_ batchNorm: Operation.BatchNorm) -> Answer
  func visit(_ l2Norm: Operation.L2Norm) -> Answer
  func visit(_ softmax: Operation.Softmax) -> Answer
  func visit(_ activation: Operation.ElementFunction) -> Answer
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
