internal import Foundation
package import Inference
package import ModelGraph
internal import SeededRandom
package import TesseraWire

/// A SCORE body with its decoded layout, ready to be appended.
package struct PreparedRequest: Sendable {
  let body: [UInt8]
  package let layout: ScoreLayout

  package init(body: [UInt8], signature: Signature) throws(WireError) {
    self.body = body
    var layout = ScoreLayout()
    // Integers have no padding that `bytes` could expose.
    try unsafe layout.decode(body.span.bytes, signature: signature)
    self.layout = layout
  }

  package func append(to workspace: Workspace) {
    // As above.
    unsafe workspace.append(layout, body: body.span.bytes)
  }
}

/// Draws requests that fit a model: ids out of its vocabularies, numbers as its transforms expect them.
package struct RequestMaker {
  let graph: TypedGraph
  private let signature: Signature
  private var random = SeededGenerator(seed: 2)

  package init(_ graph: TypedGraph) {
    self.graph = graph
    signature = graph.signature
  }

  package mutating func request(events: Int, coupons: Int) throws(WireError) -> PreparedRequest {
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
    case .number(let transform): return .numbers((0..<rows).map { _ in number(transform) })
    case .buckets: return .numbers((0..<rows).map { _ in random.nearlyNormal() })
    case .vector(let width):
      return .vectors(width: width, (0..<rows * width).map { _ in random.nearlyNormal() })
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
    switch source {
    case .integers(let ids): ids[Int(random.next() % UInt64(ids.count))]
    case .dense(let rows): Int64(random.next() % UInt64(rows))
    case .hashedIntegers: Int64(random.next() % 1_000_000)
    case .strings, .hashedStrings: preconditionFailure("integers for a column of strings")
    }
  }

  /// A raw number that is nearly normal once it is transformed.
  private mutating func number(_ transform: NumberTransform) -> Float {
    var number = transform.mean + transform.deviation * random.nearlyNormal()
    if let clip = transform.clip { number = min(max(number, clip.lowerBound), clip.upperBound) }
    guard transform.log1p else { return number }
    return (number < 0 ? -1 : 1) * (exp(abs(number)) - 1)
  }
}
