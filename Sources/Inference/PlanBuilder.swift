internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// Turns a typed graph and its tensors into steps. Used once, at load.
struct PlanBuilder {
  typealias Source = TypedGraph.Source

  /// Where a value lies while a batch runs.
  struct Value {
    var operand: FloatOperand?
    var quantised: Int?
    let axis: Axis
    let width: Int
  }

  let graph: TypedGraph
  let fusion: Fusion
  let kernels: KernelTable
  private let tensors: [String: TensorData]
  private(set) var blocks: [Block] = []
  private(set) var steps: [Step] = []
  /// The sequence of the events that steps are written for now.
  var sequence = 0
  /// Input columns in the signature's order.
  var columns: [ColumnInput] = []
  var values: [Source: Value] = [:]
  /// The values of each split concat's parts.
  var splits: [Int: [Fusion.Part: Value]] = [:]
  private var concatBlocks: [Int: [Fusion.Part: Int]] = [:]
  var ids: [Int: (ids: Int, bagOffsets: Int?)] = [:]
  private var tables: [String: EmbeddingTable] = [:]
  private var quantisedBlocks: [QuantisedKey: Int] = [:]

  /// Numbers that a step transforms, with their names.
  var numbers: [Axis: [(name: String, column: NumberColumn)]] = [:]

  private struct QuantisedKey: Hashable {
    let operand: FloatOperand
    let width: Int
  }

  /// - Precondition: the tensors were validated against the graph.
  init(graph: TypedGraph, tensors: [TensorData], kernels: KernelTable) {
    self.graph = graph
    self.kernels = kernels
    self.tensors = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    fusion = Fusion(graph, tensors: self.tensors)
    for index in graph.description.inputs.indices { addInput(index) }
    for axis in Axis.allCases { addNumbers(axis) }
    for (index, node) in graph.nodes.enumerated() {
      sequence = graph.sequenceRead(by: index)
      node.description.operation.lowering.lower(index, into: &self)
    }
  }
}

// MARK: - Blocks, constants, steps

extension PlanBuilder {
  mutating func block(_ label: String, _ axis: Axis, _ content: Block.Content) -> Int {
    blocks.append(Block(label: label, axis: axis, content: content))
    return blocks.count - 1
  }

  mutating func floats(_ label: String, _ axis: Axis, width: Int) -> FloatOperand {
    FloatOperand(block: block(label, axis, .float(width: width)))
  }

  mutating func emit(_ label: String, _ axis: Axis, _ action: some Action) {
    steps.append(Step(action: action, axis: axis, sequence: sequence, label: label))
  }

  func tensor(_ name: String) -> TensorData {
    guard let tensor = tensors[name] else {
      preconditionFailure("the tensor \(name) was validated and is not there")
    }
    return tensor
  }

  func isInt8(_ name: String) -> Bool { tensor(name).isQuantised }

  func constants(_ name: String) -> FloatConstants { FloatConstants(tensor(name).dequantised()) }

  /// The matrix `name` packed for the kernels, or some of its columns.
  func matrix(
    _ name: String, bias: String? = nil, columns: [Range<Int>]? = nil
  ) -> PackedMatrix {
    gateMatrix(name, bias: bias.map { tensor($0).dequantised() }, columns: columns, gates: 0)
  }

  /// As above, its outputs so many gates of a recurrent layer; float32 if that is asked for or stored.
  func gateMatrix(
    _ name: String, bias: [Float]? = nil, columns: [Range<Int>]? = nil, gates: Int,
    isFloat: Bool = false
  ) -> PackedMatrix {
    let tensor = tensor(name)
    let columns = columns ?? [0..<tensor.shape[1]]
    let (outputs, depth) = (tensor.shape[0], columns.reduce(0) { $0 + $1.count })
    if !isFloat, case .int8(let values, let scales) = tensor.storage {
      return PackedMatrix(
        int8: tensor.columns(columns, of: values), scales: scales, bias: bias, outputs: outputs,
        depth: depth, gates: gates)
    }
    return PackedMatrix(
      float: tensor.columns(columns, of: tensor.dequantised()), bias: bias, outputs: outputs,
      depth: depth, gates: gates)
  }

  /// The lookups that stand for these embeddings times their columns of a recurrent layer's input weights.
  mutating func lookups(
    _ leaves: [Fusion.Leaf], through weight: String, gates: Int
  ) -> [Lookup] {
    let tensor = tensor(weight)
    let values = tensor.dequantised()
    return leaves.map { leaf in
      guard case .node(let node) = leaf.source,
        case .embedding(let embedding) = graph.nodes[node].description.operation
      else { preconditionFailure("only embeddings are folded") }
      let columns = PackedMatrix(
        float: tensor.columns([leaf.columns], of: values), outputs: tensor.shape[0],
        depth: leaf.columns.count, gates: gates)
      return Lookup(
        table: kernels.folded(table(embedding.table), through: columns),
        ids: ids(graph.nodes[node].sources[0]).ids)
    }
  }

  mutating func table(_ name: String) -> EmbeddingTable {
    if let table = tables[name] { return table }
    let tensor = tensor(name)
    let (rows, width) = (tensor.shape[0], tensor.shape[1])
    let table =
      switch tensor.storage {
      case .float32(let values): EmbeddingTable(float: values, rows: rows, width: width)
      case .int8(let values, let scales):
        EmbeddingTable(int8: values, scales: scales, rows: rows, width: width)
      }
    tables[name] = table
    return table
  }
}

extension TensorData {
  /// Some columns of a matrix whose numbers these are, side by side.
  fileprivate func columns<Number>(_ ranges: [Range<Int>], of values: [Number]) -> [Number] {
    let width = shape[1]
    guard ranges != [0..<width] else { return values }
    return (0..<shape[0]).flatMap { row in
      ranges.flatMap { values[row * width + $0.lowerBound..<row * width + $0.upperBound] }
    }
  }
}

// MARK: - Values

extension PlanBuilder {
  func value(_ source: Source) -> Value {
    guard let value = values[source] else {
      preconditionFailure("a value is read before it is made")
    }
    return value
  }

  func ids(_ source: Source) -> (ids: Int, bagOffsets: Int?) {
    guard case .input(let input) = source, let found = ids[input] else {
      preconditionFailure("a typed embedding reads an input of ids")
    }
    return found
  }

  /// The value read from rows of the same axis or of the one below.
  func mapped(_ value: Value, to axis: Axis) -> MappedOperand {
    guard value.axis != axis else { return MappedOperand(operand: float(value), map: .same) }
    precondition(value.axis == axis.parent, "a row map leads from an axis to its parent only")
    return MappedOperand(operand: float(value), map: .parent(of: axis))
  }

  /// Where the value is computed: its slice of a concat, or a block of its own.
  mutating func target(_ source: Source, label: String) -> FloatOperand {
    if let home = home(source) { return home }
    guard case .vector(let width) = graph.edge(source).type else {
      preconditionFailure("only vectors are computed")
    }
    return floats(label, graph.edge(source).axis, width: width)
  }

  mutating func home(_ source: Source) -> FloatOperand? {
    guard let home = fusion.homes[source] else { return nil }
    return FloatOperand(block: groupBlock(home.concat, home.part), column: home.column)
  }

  /// The block of a concat's group, made when it is first needed.
  mutating func groupBlock(_ concat: Int, _ part: Fusion.Part) -> Int {
    if let block = concatBlocks[concat]?[part] { return block }
    guard let layout = fusion.concats[concat]?[part] else {
      preconditionFailure("a concat that was not laid out")
    }
    let name = graph.nodes[concat].description.name
    let made = block(name, layout.axis, .float(width: layout.width))
    concatBlocks[concat, default: [:]][part] = made
    return made
  }

  func float(_ value: Value) -> FloatOperand {
    guard let operand = value.operand else { preconditionFailure("float rows were not demanded") }
    return operand
  }

  /// The value as quantised rows; a step is added where nothing has made them yet.
  mutating func quantised(_ value: Value, label: String) -> Int {
    if let block = value.quantised { return block }
    let operand = float(value)
    let key = QuantisedKey(operand: operand, width: value.width)
    if let block = quantisedBlocks[key] { return block }
    let made = block(label, value.axis, .quantised(columns: value.width))
    emit(
      label, value.axis, QuantiseAction(input: operand, columns: value.width, output: made))
    quantisedBlocks[key] = made
    return made
  }

  /// The value in the form that the matrix is multiplied with.
  mutating func operand(_ value: Value, for matrix: PackedMatrix, label: String) -> MatrixOperand {
    matrix.isInt8
      ? .quantised(block: quantised(value, label: label)) : .float(float(value))
  }

  /// A product whose result is written in the forms that are demanded.
  mutating func product(
    _ matrix: PackedMatrix, _ input: Value, label: String, addend: MappedOperand? = nil,
    activation: Activation = .none, demand: Fusion.Demand, into home: FloatOperand? = nil
  ) -> Value {
    let operand = operand(input, for: matrix, label: label)
    let width = matrix.packedOutputs
    var result = Value(axis: input.axis, width: width)
    if demand.float || home != nil || !demand.quantised {
      result.operand = home ?? floats(label, input.axis, width: width)
    }
    if demand.quantised {
      result.quantised = block(label, input.axis, .quantised(columns: width))
    }
    emit(
      label, input.axis,
      ProductAction(
        matrix: matrix, input: operand, addend: addend, activation: activation,
        output: result.operand, quantised: result.quantised))
    return result
  }
}
