internal import TesseraWire

/// What an operation is, apart from how it is computed: all that a description can be checked for.
///
/// Nothing has a default, so that an operation which says too little does not compile.
protocol OperationBody: Hashable, Sendable {
  /// Its name: `op` in `model.json`.
  static var word: String { get }
  /// The keys of its attributes.
  static var attributes: [String] { get }
  /// How many inputs it takes.
  static var inputCounts: ClosedRange<Int> { get }

  /// Reads the attributes; other keys were refused.
  init(_ object: StrictObject) throws
  /// Writes all attributes.
  func encodeAttributes(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws

  /// Itself in the list of operations.
  var operation: Operation { get }
  /// Calls the visitor's method for this operation.
  func accept<Visitor: OperationVisitor>(_ visitor: Visitor) -> Visitor.Answer

  /// Checks attributes and inputs, and says what the result is.
  func result(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int)
  /// The tensors that it needs, for inputs that have passed ``result(of:)``.
  func tensors(
    for inputs: NodeInputs, limits: ModelDescription.Rows
  ) throws(ModelError) -> [NeededTensor]
  /// Whether its numbers lie in 0…1 because a sigmoid comes last.
  var isProbability: Bool { get }
  /// Multiply-accumulates of its matrix products.
  func multiplyAccumulates(_ read: ReadColumns) -> Int
}

/// A tensor that an operation needs.
struct NeededTensor {
  let name: String
  let shape: [Int]
  /// Whether the import may turn it into int8.
  let isQuantisable: Bool
  /// Whether other nodes may use it too.
  let isShared: Bool
  /// Whether more rows than the shape says are fine.
  let rowsMayExceed: Bool
  /// Whether no number may be below 0.
  var isNonNegative = false

  /// Numbers that stay float32, the node's own: gains, biases.
  static func vector(_ name: String, _ count: Int) -> NeededTensor {
    NeededTensor(
      name: name, shape: [count], isQuantisable: false, isShared: false, rowsMayExceed: false)
  }

  /// float32 numbers of which a square root is taken, the node's own: variances.
  static func variances(_ name: String, _ count: Int) -> NeededTensor {
    var tensor = vector(name, count)
    tensor.isNonNegative = true
    return tensor
  }

  /// Weights of a product, the node's own.
  static func matrix(_ name: String, _ outputs: Int, _ width: Int) -> NeededTensor {
    NeededTensor(
      name: name, shape: [outputs, width], isQuantisable: true, isShared: false,
      rowsMayExceed: false)
  }

  /// Weights of a product that stays float32, the node's own.
  static func floatMatrix(_ name: String, _ outputs: Int, _ width: Int) -> NeededTensor {
    NeededTensor(
      name: name, shape: [outputs, width], isQuantisable: false, isShared: false,
      rowsMayExceed: false)
  }

  /// float32 rows by position, the node's own.
  static func positions(_ name: String, rows: Int, width: Int) -> NeededTensor {
    NeededTensor(
      name: name, shape: [rows, width], isQuantisable: false, isShared: false, rowsMayExceed: true)
  }

  /// Rows that ids choose from, under a name that nodes may share.
  static func table(_ name: String, rows: Int, width: Int) -> NeededTensor {
    NeededTensor(
      name: name, shape: [rows, width], isQuantisable: true, isShared: true, rowsMayExceed: false)
  }
}

/// What a node reads in one request, for counting: the columns side by side, and the rows of each axis.
struct ReadColumns {
  /// One entry for each part, where concats are taken apart.
  let parts: [(axis: Axis, width: Int)]
  /// Rows of one user.
  let rows: PerAxis<Int>

  var width: Int { parts.reduce(0) { $0 + $1.width } }
}
