import ModelGraph
import TesseraWire
import SeededRandom

extension SeededGenerator {
  mutating func count(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func coin() -> Bool { Bool.random(using: &self) }
  mutating func one<Choice>(of choices: [Choice]) -> Choice {
    choices[count(0...choices.count - 1)]
  }

  /// Roughly normal with the deviation 1: the sum of twelve uniform numbers.
  mutating func normal() -> Float {
    (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &self) }
  }
}

/// Draws models with every operation and every fusion, and users for them.
struct RandomModel {
  private var random: SeededGenerator
  private let hasElements: Bool
  private var inputs: [InputDescription] = []
  private var nodes: [NodeDescription] = []
  private var widths: [String: Int] = [:]
  private var rows: [Row] = []
  private var numbers: [(name: String, axis: Axis)] = []
  let limits = ModelDescription.Rows(events: 19, coupons: 9)

  /// An embedding that is there, for others to share.
  private struct Row {
    let node: String
    let axis: Axis
    let transform: InputDescription.Transform
    let embedding: Operation.Embedding
  }

  /// Whether there are recurrent layers of every kind, and windows that make other sequences of events.
  private let hasSequences: Bool

  /// - Parameters:
  ///   - hasElements: whether operations on elements and rows stand between the others.
  ///   - hasSequences: whether there are recurrent layers of every kind, and windows.
  ///
  /// Without them a seed gives the model that it gave before there were any.
  init(seed: UInt64, hasElements: Bool = false, hasSequences: Bool = false) {
    random = SeededGenerator(seed: seed)
    self.hasElements = hasElements
    self.hasSequences = hasSequences
  }

  /// A graph that types, and tensors that fit it.
  mutating func make() throws -> (graph: TypedGraph, tensors: [TensorData]) {
    (inputs, nodes, widths, rows, numbers) = ([], [], [:], [], [])
    var user = [events()]
    if random.coin() { user.append(row(.user)) }
    if random.coin() { user.append(number(.user)) }
    if random.count(0...3) == 0 {
      // An embedding that an LSTM may read as well.
      user.append(pool(row(.event)))
    }
    let userRow = elements(sideBySide(user), .user)
    let coupon = elements(side(.coupon), .coupon)
    let pair: String
    if random.count(0...3) == 0 {
      let left = dense(userRow, units: 24)
      let right = dense(coupon, units: 24)
      pair = add(random.coin() ? .add : .multiply, [left, right], width: 24)
    } else {
      pair = sideBySide([userRow, coupon])
    }
    if random.count(0...3) == 0 {
      // Something beside linear reads the pair, so it must be put together.
      let normed = add(.layerNorm(epsilon: 0.001), [pair], width: widths[pair, default: 0])
      return try finish(dense(normed, units: random.count(1...40)), second: pair)
    }
    return try finish(dense(pair, units: random.count(1...40)), second: random.coin() ? pair : nil)
  }

  private mutating func finish(
    _ hidden: String, second: String?
  ) throws -> (graph: TypedGraph, tensors: [TensorData]) {
    let logit = add(.linear(.init(units: 1)), [elements(hidden, .coupon)], width: 1)
    var outputs = [add(.sigmoid, [logit], width: 1)]
    if let second { outputs.append(add(.linear(.init(units: 1)), [second], width: 1)) }
    let graph = try TypedGraph(
      ModelDescription(
        name: "random", limits: limits, inputs: inputs, nodes: nodes, outputs: outputs))
    let tensors = graph.requiredTensors.map { required in
      let scale = required.shape.count == 2 ? 1 / Float(required.shape[1]).squareRoot() : 0.3
      let values = (0..<required.shape.reduce(1, *)).map { _ -> Float in
        let value = random.normal() * scale
        return required.isNonNegative ? abs(value) : value
      }
      return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
    }
    return (graph, tensors)
  }

  // MARK: - Nodes

  private mutating func add(_ operation: Operation, _ inputs: [String], width: Int) -> String {
    let name = "n\(nodes.count)"
    nodes.append(NodeDescription(name: name, inputs: inputs, operation: operation))
    widths[name] = width
    return name
  }

  private func sum(_ names: [String]) -> Int { names.reduce(0) { $0 + widths[$1, default: 0] } }

  private mutating func dense(_ name: String, units: Int) -> String {
    let activation = random.one(
      of: hasElements
        ? Operation.Activation.allCases : [.none, .relu, .gelu, .tanh, .sigmoid])
    return add(
      .linear(.init(units: units, useBias: random.coin(), activation: activation)), [name],
      width: units)
  }

  /// A concat; some of its inputs may lie in one of their own.
  private mutating func sideBySide(_ parts: [String]) -> String {
    guard parts.count > 1 else { return parts[0] }
    guard parts.count > 2, random.count(0...2) == 0 else {
      return add(.concat, parts, width: sum(parts))
    }
    let begin = random.count(0...parts.count - 2)
    let inner = Array(parts[begin..<begin + 2])
    var outer = parts
    outer.replaceSubrange(begin..<begin + 2, with: [add(.concat, inner, width: sum(inner))])
    return add(.concat, outer, width: sum(outer))
  }

  private mutating func lstm(_ name: String, returns: Operation.Returned) -> String {
    let units = random.count(1...34)
    let both = random.coin()
    return add(
      .lstm(
        .init(units: units, layers: random.count(1...2), bidirectional: both, returns: returns)),
      [name], width: units * (both ? 2 : 1))
  }

  private mutating func pool(_ name: String) -> String {
    let modes = hasElements ? Operation.Pooling.allCases : [.last, .first, .mean, .max]
    return add(.pool(random.one(of: modes)), [name], width: widths[name, default: 0])
  }

  /// Everything from the event columns to one row for each user.
  private mutating func events() -> String {
    var row = elements(side(.event), .event)
    if random.count(0...2) == 0 {
      // The user's columns beside each event.
      row = sideBySide((besideEvents() + [row]).shuffled(using: &random))
      if random.coin() { row = dense(row, units: random.count(2...33)) }
    }
    if random.count(0...3) == 0 {
      // Two layers read the same events.
      let left = lstm(row, returns: .sequence)
      let right = random.coin() ? lstm(row, returns: .sequence) : dense(row, units: 5)
      row = sideBySide([left, right])
    }
    if hasSequences { return ofSequences(row) }
    for _ in 0..<random.count(0...2) {
      row = random.coin() ? lstm(row, returns: .sequence) : transformer(row)
    }
    return random.coin() ? lstm(row, returns: .state) : pool(row)
  }

  /// From the events to one row for each user by way of other sequences.
  private mutating func ofSequences(_ events: String) -> String {
    var row = events
    for _ in 0..<random.count(1...3) {
      switch random.count(0...6) {
      case 0, 1: row = convolution(row, windows())
      case 2:
        // Two that make the same sequence meet, beside a column of the user.
        let same = windows()
        row = sideBySide([convolution(row, same), convolution(row, same), number(.user)])
      case 3:
        let windows = Operation.Windows(
          size: random.count(1...4), stride: random.count(1...2),
          padding: random.coin() ? .same : .valid)
        row = add(
          .pool1d(.init(mode: random.coin() ? .max : .mean, windows: windows)), [row],
          width: widths[row, default: 0])
      case 4: row = transformer(row)
      default: row = recurrent(row, returns: .sequence)
      }
    }
    return random.count(0...3) == 0 ? pool(row) : recurrent(row, returns: .state)
  }

  private mutating func windows() -> Operation.Windows {
    Operation.Windows(
      size: random.count(1...4), stride: random.one(of: [1, 1, 2, 3]),
      dilation: random.one(of: [1, 1, 2]), padding: random.one(of: Operation.Padding.allCases))
  }

  private mutating func convolution(_ name: String, _ windows: Operation.Windows) -> String {
    let filters = random.count(1...24)
    return add(
      .conv1d(
        .init(
          filters: filters, windows: windows, useBias: random.coin(),
          activation: random.one(of: Operation.Activation.allCases))), [name], width: filters)
  }

  private mutating func recurrent(_ name: String, returns: Operation.Returned) -> String {
    let (units, layers, both) = (random.count(1...34), random.count(1...2), random.coin())
    let operation: ModelGraph.Operation =
      switch random.count(0...4) {
      case 0, 1:
        .gru(
          .init(
            units: units, layers: layers, bidirectional: both, returns: returns,
            resetAfter: random.coin()))
      case 2:
        .rnn(
          .init(
            units: units, layers: layers, bidirectional: both, returns: returns,
            activation: random.coin() ? .tanh : .relu))
      default:
        .lstm(.init(units: units, layers: layers, bidirectional: both, returns: returns))
      }
    return add(operation, [name], width: units * (both ? 2 : 1))
  }

  /// One leaf, several, or a concat of the user's own.
  private mutating func besideEvents() -> [String] {
    switch random.count(0...3) {
    case 0: [number(.user)]
    case 1: [row(.user)]
    case 2: [row(.user), number(.user), row(.user)]
    default: [side(.user)]
    }
  }

  private mutating func transformer(_ name: String) -> String {
    let heads = random.count(1...3)
    let width = heads * random.count(3...11)
    let row = dense(name, units: width)
    return add(
      .transformer(
        .init(
          layers: random.count(1...2), heads: heads, feedForward: random.count(1...40),
          norm: random.coin() ? .pre : .post, causal: random.coin(),
          activation: random.coin() ? .relu : .gelu,
          positions: random.one(of: Operation.Transformer.Positions.allCases), epsilon: 0.001)),
      [row], width: width)
  }

  /// Some rows and numbers of one axis, side by side; events may have more rows than are folded at once.
  private mutating func side(_ axis: Axis) -> String {
    let rowCount = random.one(of: axis == .event ? [1, 1, 2, 3, 10] : [1, 2, 3])
    var parts: [String] = []
    for _ in 0..<rowCount { parts.append(row(axis)) }
    for _ in 0..<random.one(of: [0, 0, 1, 2, 5]) { parts.append(number(axis)) }
    if random.count(0...2) == 0 {
      parts.append(dense(random.one(of: parts), units: random.count(1...6)))
    }
    return sideBySide(parts.shuffled(using: &random))
  }

  /// Where the model has them, some operations on the elements of a vector or on its rows.
  private mutating func elements(_ name: String, _ axis: Axis) -> String {
    guard hasElements else { return name }
    var name = name
    for _ in 0..<random.count(1...3) { name = element(name, axis) }
    return name
  }

  private mutating func element(_ name: String, _ axis: Axis) -> String {
    let width = widths[name, default: 0]
    switch random.count(0...10) {
    case 0: return add(.scale, [name], width: width)
    case 1: return add(.batchNorm(epsilon: 0.001), [name], width: width)
    case 2: return add(.l2Norm(epsilon: random.one(of: [1e-12, 3])), [name], width: width)
    case 3: return sideBySide([name, add(.softmax, [name], width: width)])
    case 4: return sideBySide([add(.dot, pair(name, axis), width: 1), name])
    case 5: return add(.subtract, pair(name, axis), width: width)
    case 6: return add(.maximum, pair(name, axis) + [dense(name, units: width)], width: width)
    case 7: return add(.minimum, pair(name, axis), width: width)
    case 8:
      let part = random.count(1...width)
      return add(
        .slice(.init(begin: random.count(0...width - part), width: part)), [name], width: part)
    case 9:
      // The two parts of a vector in the other order, or one of them twice.
      let part = random.count(1...width)
      let left = add(.slice(.init(begin: 0, width: part)), [name], width: part)
      let rest = Operation.Slice(begin: part == width ? 0 : part, width: max(1, width - part))
      return sideBySide([add(.slice(rest), [name], width: rest.width), left, name])
    default:
      // The last of the counts; an Int is an open set.
      let word = random.one(of: Operation.ElementFunction.Word.allCases)
      let slope: Float? = word == .leakyReLU || word == .elu ? random.one(of: [0, 0.2, 1.5]) : nil
      let input = random.coin() ? name : add(.linear(.init(units: width)), [name], width: width)
      return add(.activation(.init(word, slope: slope)), [input], width: width)
    }
  }

  /// The vector and another of its width, in any order: the user's, or one made of itself.
  private mutating func pair(_ name: String, _ axis: Axis) -> [String] {
    let source = axis == .user || random.coin() ? name : number(.user)
    return [name, dense(source, units: widths[name, default: 0])].shuffled(using: &random)
  }

  // MARK: - Inputs

  /// A number of the axis: often one that something else reads too.
  private mutating func number(_ axis: Axis) -> String {
    let known = numbers.filter { $0.axis == axis }
    if !known.isEmpty, random.count(0...4) == 0 { return random.one(of: known).name }
    let name = "i\(inputs.count)"
    let isIdentity = random.count(0...3) == 0
    let transform = NumberTransform(
      missing: 0.5, log1p: !isIdentity && random.coin(),
      clip: !isIdentity && random.coin() ? -2...2 : nil, mean: isIdentity ? 0 : 0.25,
      deviation: isIdentity ? 1 : 1.5)
    inputs.append(InputDescription(name: name, axis: axis, transform: .number(transform)))
    widths[name] = 1
    numbers.append((name, axis))
    return name
  }

  /// An embedding of the axis: one that is there, one that shares a table, or one with its own.
  private mutating func row(_ axis: Axis) -> String {
    let known = rows.filter { $0.axis == axis }
    if !known.isEmpty, random.count(0...4) == 0 { return random.one(of: known).node }
    let shared = !rows.isEmpty && random.count(0...5) == 0
    let (transform, embedding) = shared ? likeAnother() : another()
    let name = "i\(inputs.count)"
    inputs.append(InputDescription(name: name, axis: axis, transform: transform))
    let node = add(.embedding(embedding), [name], width: embedding.width)
    rows.append(Row(node: node, axis: axis, transform: transform, embedding: embedding))
    return node
  }

  private mutating func likeAnother() -> (InputDescription.Transform, Operation.Embedding) {
    let row = random.one(of: rows)
    return (row.transform, row.embedding)
  }

  private mutating func another() -> (InputDescription.Transform, Operation.Embedding) {
    // Folded tables of 300 rows are int8, those of 17,000 are too large to be folded.
    let isLarge = random.count(0...23) == 0
    let source = random.one(
      of: isLarge
        ? [.hashedIntegers(buckets: 17_000)]
        : [
          IDSource.strings(["a", "bb", "ccc", "ü"]), .integers([3, -7, 1 << 40]),
          .hashedStrings(buckets: 11), .hashedIntegers(buckets: 5), .hashedIntegers(buckets: 300),
        ])
    let choice = isLarge ? 2 : random.count(0...3)
    let transform: InputDescription.Transform =
      switch choice {
      case 0: .buckets(BucketTransform(log1p: true, boundaries: [-1, 0, 0.5, 2]))
      case 1: .bag(source)
      default: .id(source)
      }
    let embedding = Operation.Embedding(
      table: "t\(inputs.count)", width: random.count(1...(isLarge ? 3 : 37)),
      reduce: choice == 1 ? random.one(of: [.mean, .sum]) : nil)
    return (transform, embedding)
  }
}

extension RandomModel {
  /// A request of one user with these rows, with values known and unknown to the vocabularies.
  mutating func request(_ signature: Signature, events: Int, coupons: Int) throws -> Request {
    let rows = RowCounts(users: 1, events: events, coupons: coupons)
    let columns = signature.columns.map { values($0, rows: rows[$0.axis]) }
    let score = ScoreBody(
      handle: 0, users: [.init(events: events, coupons: coupons)], columns: columns)
    return try Request(score, signature)
  }

  mutating func values(_ column: Column, rows: Int) -> ColumnValues {
    let words = ["a", "bb", "ccc", "ü", "", "unknown"]
    let numbers: [Int64] = [3, -7, 1 << 40, 0, 12, Int64(random.count(13...100_000))]
    return switch column.kind {
    case .integer: .integers((0..<rows).map { _ in random.one(of: numbers) })
    case .string: .strings((0..<rows).map { _ in random.one(of: words) })
    case .number:
      .numbers((0..<rows).map { _ in random.count(0...9) == 0 ? .nan : 2 * random.normal() })
    case .integerBag:
      .integerBags(
        (0..<rows).map { _ in (0..<random.count(0...3)).map { _ in random.one(of: numbers) } })
    case .stringBag:
      .stringBags(
        (0..<rows).map { _ in (0..<random.count(0...3)).map { _ in random.one(of: words) } })
    case .vector:
      .vectors(
        width: column.width, (0..<rows * column.width).map { _ in 2 * random.normal() })
    case .text: preconditionFailure("no graph reads a column of texts")
    }
  }
}
