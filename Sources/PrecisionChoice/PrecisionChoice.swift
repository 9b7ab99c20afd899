public import ModelGraph
internal import TesseraWire

/// Which matrices of a model may be int8, by what that does to its scores.
///
/// A matrix is rounded to eight bits; what reaches it is, too, row by row. That changes most scores by less than a
/// hundredth, but where one column is a thousand times larger than those beside it, they vanish. So the scores are
/// computed both ways, and matrices stay float32, as few as possible, until int8 moves nothing too far.
public struct PrecisionChoice: Sendable {
  /// Where the requests came from that scores were compared on.
  public enum Requests: String, Sendable {
    /// `golden.frames`, with the framework's scores.
    case golden
    /// `warmup.frames`.
    case warmup
    /// Made up to fit the model.
    case invented
  }

  /// Where the requests came from.
  public let requests: Requests
  /// How many there were.
  public let requestCount: Int
  /// Scores of the weights as they came beside the framework's, for each output; nil without golden scores.
  public let asTrained: [ScoreEffect]?
  /// Scores with all matrices in int8 beside those in float32, for each output.
  public let allInt8: [ScoreEffect]
  /// The same with the matrices in float32 that are kept.
  public let chosen: [ScoreEffect]
  /// The matrices that stay float32, the one that moves scores most first, each with the largest difference that
  /// int8 makes in it alone.
  public let kept: [(tensor: String, largest: Float)]
  /// Time of a request, alone, in nanoseconds: all in int8, and as chosen. On this machine, for comparison.
  public let nanoseconds: (allInt8: Int64, chosen: Int64)

  /// Whether the framework's scores are those of its weights in float32; true without golden scores.
  public var isSameAsTrained: Bool { asTrained?.allSatisfy(\.isSame) ?? true }

  /// Compares scores, and searches for the matrices to keep.
  ///
  /// - Parameters:
  ///   - warmup: the bytes of `warmup.frames`.
  ///   - search: whether matrices are kept in float32 where all of them in int8 move scores too far.
  ///   - now: a monotonic clock, in nanoseconds.
  /// - Throws: `ModelError` when requests or model cannot be used.
  /// - Complexity: every request is scored a few times, and the first `searchRequestsMax` once for each matrix
  ///   that may be int8.
  public init(
    graph: TypedGraph, tensors: [TensorData], golden: GoldenScores?, warmup: [UInt8]?,
    search: Bool, now: () -> Int64
  ) throws(ModelError) {
    let scorer = try Scorer(graph: graph, tensors: tensors, golden: golden, warmup: warmup)
    requests = scorer.source
    requestCount = scorer.requests.count
    asTrained = golden.map { scorer.effects(of: scorer.reference, beside: $0.scores) }
    let all = Set(graph.requiredTensors.filter(\.isQuantisable).map(\.name))
    let (int8Scores, int8Time) = try scorer.score(int8: all, now: now)
    allInt8 = scorer.effects(of: int8Scores, beside: scorer.reference)
    guard search, !allInt8.allSatisfy(\.isWithinBounds) else {
      (chosen, kept) = (allInt8, [])
      nanoseconds = (int8Time, int8Time)
      return
    }
    var alone: [(tensor: String, largest: Float, excess: Double)] = []
    for name in all.sorted() {
      let effects = try scorer.effects(ofInt8In: name, now)
      alone.append(
        (
          name, effects.map(\.largest).max() ?? 0,
          effects.map(\.excess).max() ?? 0
        ))
    }
    alone.sort { ($0.excess, $1.tensor) > ($1.excess, $0.tensor) }
    // The fewest of the worst ones: with one more in float32 scores are hardly ever further away.
    var (low, high) = (1, alone.count)
    while low < high {
      let middle = (low + high) / 2
      let effects = try scorer.effects(keeping: alone.prefix(middle).map(\.tensor), of: all, now)
      if effects.allSatisfy(\.isWithinBounds) { high = middle } else { low = middle + 1 }
    }
    kept = alone.prefix(low).map { ($0.tensor, $0.largest) }
    let (scores, time) = try scorer.score(int8: all.subtracting(kept.map(\.tensor)), now: now)
    chosen = scorer.effects(of: scores, beside: scorer.reference)
    nanoseconds = (int8Time, time)
  }
}

extension Scorer {
  /// What int8 does in one matrix alone, on the first of the requests.
  fileprivate func effects(
    ofInt8In name: String, _ now: () -> Int64
  ) throws(ModelError) -> [ScoreEffect] {
    let scores = try score(int8: [name], most: PrecisionLimits.searchRequestsMax, now: now).scores
    return effects(
      of: scores, beside: zip(reference, scores).map { Array($0.prefix($1.count)) })
  }

  fileprivate func effects(
    keeping kept: [String], of all: Set<String>, _ now: () -> Int64
  ) throws(ModelError) -> [ScoreEffect] {
    effects(of: try score(int8: all.subtracting(kept), now: now).scores, beside: reference)
  }
}
