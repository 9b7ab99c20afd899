import Inference
import Kernels
import ModelGraph
import SeededRandom
import TesseraWire

/// A SCORE body with its decoded layout.
struct Request {
  let body: [UInt8]
  let layout: ScoreLayout

  init(_ body: [UInt8], _ signature: Signature) throws {
    self.body = body
    var layout = ScoreLayout()
    // Integers have no padding that `bytes` could expose.
    try unsafe layout.decode(body.span.bytes, signature: signature)
    self.layout = layout
  }

  init(_ score: ScoreBody, _ signature: Signature) throws {
    var body: [UInt8] = []
    try score.encode(signature: signature, into: &body)
    try self.init(body, signature)
  }
}

extension Workspace {
  /// Scores of the requests as one batch: for each request, for each output, its rows' scores.
  func score(_ requests: [Request]) -> [[[Float]]] {
    reset()
    for request in requests {
      // As above.
      let body = unsafe request.body.span.bytes
      precondition(fits(request.layout, body: body))
      append(request.layout, body: body)
    }
    run()
    var before = RowCounts()
    return requests.map { request in
      let first = before
      let added = RowCounts(users: request.layout.users, coupons: request.layout.couponRows)
      before = before + added
      return plan.outputAxes.indices.map { output in
        let axis = plan.outputAxes[output]
        return scores(output: output, rows: first[axis]..<before[axis])
      }
    }
  }

  /// Copies scores out into an array.
  func scores(output: Int, rows: Range<Int>) -> [Float] {
    let width = plan.signature.outputs[output].width
    var scores = [Float](repeating: 0, count: rows.count * width)
    // The array holds exactly the rows.
    _ = unsafe scores.withUnsafeMutableBytes {
      unsafe copyScores(output: output, rows: rows, into: $0)
    }
    return scores
  }
}

extension TypedGraph {
  /// The tensors with every matrix that may be int8 turned into it.
  func quantised(_ tensors: [TensorData]) -> [TensorData] {
    let quantisable = Set(requiredTensors.filter(\.isQuantisable).map(\.name))
    return tensors.map { quantisable.contains($0.name) ? $0.quantised().tensor : $0 }
  }

  /// As above, with a quarter of the matrices left in float32.
  func mixed(_ tensors: [TensorData], seed: UInt64) -> [TensorData] {
    var random = SeededGenerator(seed: seed)
    return zip(tensors, quantised(tensors)).map { random.count(0...3) == 0 ? $0 : $1 }
  }
}

/// In what form a test stores a model's matrices.
enum Storage: CaseIterable {
  case float32, int8, mixed

  func of(_ tensors: [TensorData], _ graph: TypedGraph, seed: UInt64) -> [TensorData] {
    switch self {
    case .float32: tensors
    case .int8: graph.quantised(tensors)
    case .mixed: graph.mixed(tensors, seed: seed)
    }
  }
}

extension RowCounts {
  /// Room for the small models of the tests.
  static let small = RowCounts(users: 80, events: 2_048, coupons: 1_024, bagValues: 4_096)
}

/// One array for all scores of a batch.
func flat(_ scores: [[[Float]]], output: Int) -> [Float] { scores.flatMap { $0[output] } }

/// The largest difference of two arrays of equal length.
func largestDifference(_ left: [Float], _ right: [Float]) -> Float {
  precondition(left.count == right.count)
  return zip(left, right).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
