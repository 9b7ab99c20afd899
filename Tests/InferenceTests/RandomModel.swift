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
  private var inputs: [InputDescription] = []
  private var nodes: [NodeDescription] = []
  private var widths: [String: Int] = [:]
  let limits = ModelDescription.Rows(events: 19, coupons: 9)

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// A graph that types, and tensors that fit it.
  mutating func make() throws -> (graph: TypedGraph, tensors: [TensorData]) {
    (inputs, nodes, widths) = ([], [], [:])
    var user = [events()]
    if random.coin() { user.append(row(.user)) }
    if random.coin() { user.append(number(.user)) }
    let userRow = user.count == 1 ? user[0] : add(.concat, user, width: sum(user))
    let coupon = side(.coupon)
    let pair: String
    if random.count(0...3) == 0 {
      let left = dense(userRow, units: 24)
      let right = dense(coupon, units: 24)
      pair = add(random.coin() ? .add : .multiply, [left, right], width: 24)
    } else {
      pair = add(
        .concat, [userRow, coupon], width: widths[userRow, default: 0] + widths[coupon, default: 0])
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
    let logit = add(.linear(.init(units: 1)), [hidden], width: 1)
    var outputs = [add(.sigmoid, [logit], width: 1)]
    if let second { outputs.append(add(.linear(.init(units: 1)), [second], width: 1)) }
    let graph = try TypedGraph(
      ModelDescription(
        name: "random", limits: limits, inputs: inputs, nodes: nodes, outputs: outputs))
    let tensors = graph.requiredTensors.map { required in
      let scale = required.shape.count == 2 ? 1 / Float(required.shape[1]).squareRoot() : 0.3
      let values = (0..<required.shape.reduce(1, *)).map { _ in random.normal() * scale }
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
    let activation = random.one(of: Operation.Activation.allCases)
    return add(
      .linear(.init(units: units, useBias: random.coin(), activation: activation)), [name],
      width: units)
  }

  /// Everything from the event columns to one row for each user.
  private mutating func events() -> String {
    var row = side(.event)
    if random.count(0...2) == 0 {
      // The user's row beside each event.
      let user = self.row(.user)
      row = add(.concat, [user, row], width: sum([user, row]))
      if random.coin() { row = dense(row, units: random.count(2...33)) }
    }
    for _ in 0..<random.count(0...2) {
      if random.coin() {
        let units = random.count(1...34)
        let both = random.coin()
        row = add(
          .lstm(
            .init(
              units: units, layers: random.count(1...2), bidirectional: both, returns: .sequence)),
          [row], width: units * (both ? 2 : 1))
      } else {
        row = transformer(row)
      }
    }
    if random.coin() {
      let units = random.count(1...34)
      let both = random.coin()
      return add(
        .lstm(
          .init(units: units, layers: random.count(1...2), bidirectional: both, returns: .state)),
        [row], width: units * (both ? 2 : 1))
    }
    return add(
      .pool(random.one(of: Operation.Pooling.allCases)), [row], width: widths[row, default: 0])
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

  /// Some rows and numbers of one axis, side by side.
  private mutating func side(_ axis: Axis) -> String {
    var parts = [row(axis)]
    for _ in 0..<random.count(0...2) { parts.append(random.coin() ? row(axis) : number(axis)) }
    return parts.count == 1 ? parts[0] : add(.concat, parts, width: sum(parts))
  }

  // MARK: - Inputs

  private mutating func number(_ axis: Axis) -> String {
    let name = "i\(inputs.count)"
    let transform = NumberTransform(
      missing: 0.5, log1p: random.coin(), clip: random.coin() ? -2...2 : nil, mean: 0.25,
      deviation: 1.5)
    inputs.append(InputDescription(name: name, axis: axis, transform: .number(transform)))
    widths[name] = 1
    return name
  }

  private mutating func row(_ axis: Axis) -> String {
    let name = "i\(inputs.count)"
    let source = random.one(of: [
      IDSource.strings(["a", "bb", "ccc", "ü"]), .integers([3, -7, 1 << 40]),
      .hashedStrings(buckets: 11), .hashedIntegers(buckets: 5),
    ])
    let choice = random.count(0...3)
    let transform: InputDescription.Transform =
      switch choice {
      case 0: .buckets(BucketTransform(log1p: true, boundaries: [-1, 0, 0.5, 2]))
      case 1: .bag(source)
      default: .id(source)
      }
    let reduce: Operation.Reduction? = choice == 1 ? random.one(of: [.mean, .sum]) : nil
    inputs.append(InputDescription(name: name, axis: axis, transform: transform))
    let width = random.count(1...37)
    return add(
      .embedding(.init(table: "t\(inputs.count)", width: width, reduce: reduce)), [name],
      width: width)
  }
}

extension RandomModel {
  /// A request of one user with these rows, with values known and unknown to the vocabularies.
  mutating func request(_ signature: Signature, events: Int, coupons: Int) throws -> Request {
    let columns = signature.columns.map { column in
      let rows =
        switch column.axis {
        case .user: 1
        case .event: events
        case .coupon: coupons
        }
      return values(column.kind, rows: rows)
    }
    let score = ScoreBody(
      handle: 0, users: [.init(events: events, coupons: coupons)], columns: columns)
    return try Request(score, signature)
  }

  private mutating func values(_ kind: ColumnKind, rows: Int) -> ColumnValues {
    let words = ["a", "bb", "ccc", "ü", "", "unknown"]
    let numbers: [Int64] = [3, -7, 1 << 40, 0, 12]
    return switch kind {
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
    }
  }
}
