internal import Foundation
internal import TesseraWire

/// How far scores are from those that they should be, for one output.
public struct ScoreEffect: Hashable, Sendable {
  /// The output's name.
  public let output: String
  /// The largest difference of two numbers.
  public let largest: Float
  /// Their mean difference.
  public let mean: Float
  /// Which row has the largest, counted over all requests.
  public let worstRow: Int
  /// Spearman's rank correlation over all rows; nil for a vector, and where there are too few rows to rank.
  public let rankCorrelation: Double?
  /// The least cosine of the angle between two rows; nil where a row is one number.
  public let leastCosine: Double?
  /// What `largest` is held against: 1 for a probability, else the spread of the numbers that it should be.
  public let spread: Float

  init(_ output: Output, scores: [Float], reference: [Float]) {
    self.output = output.name
    var (largest, worst, sum) = (Float(0), 0, 0.0)
    for (index, (score, wanted)) in zip(scores, reference).enumerated() {
      // Where one of them is not finite, they are as far away as can be.
      let distance = abs(score - wanted)
      let difference = distance.isFinite ? distance : .infinity
      if difference > largest { (largest, worst) = (difference, index) }
      sum += Double(difference)
    }
    self.largest = largest
    worstRow = worst / output.width
    mean = Float(sum / Double(max(1, scores.count)))
    let least = reference.min() ?? 0
    spread = output.meaning == .probability ? 1 : max((reference.max() ?? 0) - least, .ulpOfOne)
    let isRanked = output.width == 1 && scores.count >= PrecisionLimits.rankedRowsMin
    rankCorrelation = isRanked ? Self.rankCorrelation(scores, reference) : nil
    leastCosine = output.width == 1 ? nil : Self.leastCosine(scores, reference, output.width)
  }

  /// Whether a framework's scores and those of its weights in float32 are the same: nothing but the order of sums
  /// differs.
  var isSame: Bool { largest <= PrecisionLimits.sameMax * spread }

  /// Whether int8 may be served.
  var isWithinBounds: Bool {
    if let leastCosine { return leastCosine >= PrecisionLimits.cosineMin }
    return largest <= PrecisionLimits.differenceMax * spread
      && (rankCorrelation ?? 1) >= PrecisionLimits.rankCorrelationMin
  }

  /// How many times the bound: above 1 is too far.
  var excess: Double {
    if let leastCosine { return (1 - leastCosine) / (1 - PrecisionLimits.cosineMin) }
    let difference = Double(largest / (PrecisionLimits.differenceMax * spread))
    let rank = (1 - (rankCorrelation ?? 1)) / (1 - PrecisionLimits.rankCorrelationMin)
    return max(difference, rank)
  }

  /// In a sentence: `redeem: 0.0041 at most, 0.0003 on average, rank correlation 0.9993`.
  public var words: String {
    var words = "\(output): \(Self.figure(largest)) at most, \(Self.figure(mean)) on average"
    if let rankCorrelation {
      words += String(format: ", rank correlation %.4f", rankCorrelation)
    }
    if let leastCosine { words += String(format: ", cosine %.4f at least", leastCosine) }
    return words
  }

  private static func figure(_ number: Float) -> String { String(format: "%.2g", number) }

  /// Pearson's correlation of the ranks; equal numbers share the mean of theirs. 1 where nothing varies.
  private static func rankCorrelation(_ scores: [Float], _ reference: [Float]) -> Double {
    let (left, right) = (ranks(scores), ranks(reference))
    let mean = Double(left.count - 1) / 2
    var (product, leftSquares, rightSquares) = (0.0, 0.0, 0.0)
    for (left, right) in zip(left, right) {
      product += (left - mean) * (right - mean)
      leftSquares += (left - mean) * (left - mean)
      rightSquares += (right - mean) * (right - mean)
    }
    guard leftSquares > 0, rightSquares > 0 else { return leftSquares == rightSquares ? 1 : 0 }
    return product / (leftSquares * rightSquares).squareRoot()
  }

  private static func ranks(_ numbers: [Float]) -> [Double] {
    let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
    var ranks = [Double](repeating: 0, count: numbers.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, numbers[order[end + 1]] == numbers[order[start]] { end += 1 }
      for place in start...end { ranks[order[place]] = Double(start + end) / 2 }
      start = end + 1
    }
    return ranks
  }

  private static func leastCosine(
    _ scores: [Float], _ reference: [Float], _ width: Int
  ) -> Double {
    var least = 1.0
    for start in stride(from: 0, to: scores.count, by: width) {
      var (product, squares, wantedSquares) = (0.0, 0.0, 0.0)
      for index in start..<start + width {
        let (score, wanted) = (Double(scores[index]), Double(reference[index]))
        product += score * wanted
        squares += score * score
        wantedSquares += wanted * wanted
      }
      let isZero = squares == 0 && wantedSquares == 0
      let cosine = isZero ? 1 : product / (squares * wantedSquares).squareRoot()
      // Where one of them is zero, or a number is not finite, there is no angle.
      least = min(least, cosine.isFinite ? cosine : -1)
    }
    return least
  }
}
