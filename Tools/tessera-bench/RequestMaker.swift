internal import Inference
internal import ModelGraph
internal import TesseraWire
internal import SeededRandom

/// A SCORE body with its decoded layout, ready to be appended.
struct PreparedRequest {
  let body: [UInt8]
  let layout: ScoreLayout

  init(body: [UInt8], signature: Signature) throws {
    self.body = body
    var layout = ScoreLayout()
    // Integers have no padding that `bytes` could expose.
    try unsafe layout.decode(body.span.bytes, signature: signature)
    self.layout = layout
  }

  func append(to workspace: Workspace) {
    // As above.
    unsafe workspace.append(layout, body: body.span.bytes)
  }
}

/// Draws requests that fit a model: ids out of its vocabularies, numbers around zero.
struct RequestMaker {
  let graph: TypedGraph
  private let signature: Signature
  private var random = SeededGenerator(seed: 2)

  init(_ graph: TypedGraph) {
    self.graph = graph
    signature = graph.signature
  }

  mutating func request(events: Int, coupons: Int) throws -> PreparedRequest {
    let rows = RowCounts(users: 1, events: events, coupons: coupons)
    var columns: [ColumnValues] = []
    for input in graph.description.inputs {
      columns.append(values(input, rows: rows[input.axis]))
    }
    let score = ScoreBody(
      handle: 0, users: [.init(events: events, coupons: coupons)], columns: columns)
    var body: [UInt8] = []
    try score.encode(signature: signature, into: &body)
    return try PreparedRequest(body: body, signature: signature)
  }

  private mutating func values(_ input: InputDescription, rows: Int) -> ColumnValues {
    switch input.transform {
    case .number, .buckets: return .numbers((0..<rows).map { _ in random.normal() })
    case .vector(let width):
      return .vectors(width: width, (0..<rows * width).map { _ in random.normal() })
    case .id(let source):
      return source.isString
        ? .strings((0..<rows).map { _ in string(source) })
        : .integers((0..<rows).map { _ in integer(source) })
    case .bag(let source):
      let counts = (0..<rows).map { _ in Int(random.next() % 6) }
      return source.isString
        ? .stringBags(counts.map { count in (0..<count).map { _ in string(source) } })
        : .integerBags(counts.map { count in (0..<count).map { _ in integer(source) } })
    }
  }

  private mutating func string(_ source: IDSource) -> String {
    guard case .strings(let words) = source else { return "\(random.next() % 1_000_000)" }
    return words[Int(random.next() % UInt64(words.count))]
  }

  private mutating func integer(_ source: IDSource) -> Int64 {
    guard case .integers(let ids) = source else { return Int64(random.next() % 1_000_000) }
    return ids[Int(random.next() % UInt64(ids.count))]
  }
}
