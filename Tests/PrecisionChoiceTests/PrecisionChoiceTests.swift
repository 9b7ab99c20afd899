import Foundation
import ModelGraph
import PrecisionChoice
import TesseraWire
import Testing

@Suite("Precision by what it does to scores")
struct PrecisionChoiceTests {
  /// A price in thousands beside a taste between −1 and 1: in eight bits the taste is lost.
  private static let json = """
    {"format": 1, "name": "price", "limits": {"events": 1, "coupons": 8},
     "inputs": [
      {"name": "price", "axis": "coupon", "kind": "number"},
      {"name": "taste", "axis": "coupon", "kind": "vector", "width": 2}],
     "nodes": [
      {"name": "all", "op": "concat", "inputs": ["price", "taste"]},
      {"name": "hidden", "op": "linear", "inputs": ["all"], "units": 2, "use_bias": false},
      {"name": "score", "op": "linear", "inputs": ["hidden"], "units": 1, "use_bias": false,
       "activation": "sigmoid"}],
     "outputs": ["score"]}
    """

  private static let tensors = [
    TensorData(
      name: "hidden.weight", shape: [2, 3], storage: .float32([0.0001, 3, 0, 0.0001, 0, -3])),
    TensorData(name: "score.weight", shape: [1, 2], storage: .float32([1, 1])),
  ]

  private let graph: TypedGraph
  /// Requests of eight coupons each.
  private let frames: [UInt8]
  /// What any program computes from the description.
  private let scores: [Float]

  init() throws {
    graph = try TypedGraph(ModelDescription(json: Array(Self.json.utf8)))
    var (frames, scores): ([UInt8], [Float]) = ([], [])
    for request in 0..<5 {
      let prices = (0..<8).map { Float(2_000 + 500 * $0 + 37 * request) }
      let tastes = (0..<16).map { Float(($0 * 7 + request * 3) % 11) / 11 - 0.5 }
      for coupon in 0..<8 {
        let sum = 0.0002 * prices[coupon] + 3 * (tastes[2 * coupon] - tastes[2 * coupon + 1])
        scores.append(1 / (1 + exp(-sum)))
      }
      try ScoreBody(
        handle: 0, users: [.init(events: 0, coupons: 8)],
        columns: [.numbers(prices), .vectors(width: 2, tastes)]
      ).encodeFrame(requestID: UInt64(request), signature: graph.signature, into: &frames)
    }
    (self.frames, self.scores) = (frames, scores)
  }

  private func golden(_ scores: [Float], name: String = "score") throws -> GoldenScores {
    let tensor = TensorData(name: name, shape: [scores.count, 1], storage: .float32(scores))
    return try GoldenScores(
      frames: frames, scores: SafetensorsFile.encode([tensor]), graph: graph)
  }

  private func choice(
    golden: GoldenScores? = nil, warmup: [UInt8]? = nil, search: Bool = true,
    tensors: [TensorData] = Self.tensors
  ) throws -> PrecisionChoice {
    try PrecisionChoice(
      graph: graph, tensors: tensors, golden: golden, warmup: warmup, search: search,
      now: { 0 })
  }

  @Test("a matrix that int8 ruins stays float32, and no other")
  func rawPrice() throws {
    let choice = try choice(golden: golden(scores))
    #expect(choice.isSameAsTrained)
    #expect(choice.allInt8[0].largest > 0.1)
    #expect(choice.kept.map(\.tensor) == ["hidden.weight"])
    #expect(choice.chosen[0].largest <= PrecisionLimits.differenceMax)
    #expect(choice.requests == .golden && choice.requestCount == 5)
  }

  @Test("without the search all matrices are int8, and what that does is said all the same")
  func int8() throws {
    let choice = try choice(golden: golden(scores), search: false)
    #expect(choice.kept.isEmpty && choice.chosen == choice.allInt8)
    #expect(choice.chosen[0].words.contains("rank correlation"))
  }

  @Test("weights that do not give the framework's scores are told from those that do")
  func otherScores() throws {
    var swapped = Self.tensors
    swapped[0] = TensorData(
      name: "hidden.weight", shape: [2, 3], storage: .float32([0.0001, 0, -3, 0.0001, 3, 0]))
    // Another order of the same two units: the same scores.
    #expect(try choice(golden: golden(scores), tensors: swapped).isSameAsTrained)
    swapped[0] = TensorData(
      name: "hidden.weight", shape: [2, 3], storage: .float32([0.0001, 0, 3, 0.0001, -3, 0]))
    let other = try choice(golden: golden(scores), tensors: swapped)
    #expect(!other.isSameAsTrained)
    #expect(try #require(other.asTrained)[0].largest > 0.5)
  }

  @Test("without golden scores the warm-up's requests serve, and without those made-up ones")
  func otherRequests() throws {
    #expect(try choice(warmup: frames).requests == .warmup)
    let invented = try choice()
    #expect(invented.requests == .invented && invented.isSameAsTrained)
    #expect(invented.requestCount == PrecisionLimits.inventedRequests)
  }

  @Test("golden files that do not belong together are refused with the tensor")
  func wrongFiles() throws {
    for (scores, name, words) in [
      (scores, "other", "missing"), (Array(scores.dropLast()), "score", "[40, 1]"),
      (scores.map { _ in Float.nan }, "score", "not finite"),
    ] {
      let error = #expect(throws: ModelError.self) { try golden(scores, name: name) }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    let cut = #expect(throws: ModelError.self) {
      try GoldenScores(frames: Array(frames.dropLast()), scores: [], graph: graph)
    }
    #expect(cut?.place == "golden.frames")
  }
}
