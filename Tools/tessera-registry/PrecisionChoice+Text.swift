import Foundation
import ModelGraph
import ModelRegistry
import PrecisionChoice

extension PrecisionChoice {
  /// What an import says of precision.
  func lines(stored precision: Manifest.Precision) -> [String] {
    var lines: [String] = []
    if let asTrained {
      lines.append(
        "float32 scores as the framework on \(requestCount) golden requests: \(words(asTrained))")
    }
    guard precision != .float32 else { return lines }
    let requests =
      switch requests {
      case .golden: "the same requests"
      case .warmup: "the \(requestCount) requests of the warm-up, which prove less than golden ones"
      case .invented: "\(requestCount) made-up requests, which prove less than golden ones"
      }
    lines.append("int8 moves scores, on \(requests): \(words(chosen))")
    guard !kept.isEmpty else { return lines }
    lines.append(
      "kept in float32, for int8 would move scores too far (\(words(allInt8))): "
        + kept.map { String(format: "%@ (%.2g alone)", $0.tensor, $0.largest) }
        .joined(separator: ", "))
    lines.append(
      "a request takes \(nanoseconds.chosen / 1_000) µs here in place of "
        + "\(nanoseconds.allInt8 / 1_000) µs")
    return lines
  }

  /// Why the import is refused.
  var refusal: String {
    "float32 does not score as the golden scores say: \(words(asTrained ?? [])). Something was "
      + "exported in another order or left out (a transposed matrix, swapped gates, a missing input step); "
      + "export again, or import with --force REASON"
  }

  /// What is stored with the version.
  func json(stored precision: Manifest.Precision, forced: String?) -> JSONValue {
    var members: [String: JSONValue] = [
      "requests": .string(requests.rawValue), "request_count": .integer(Int64(requestCount)),
    ]
    if let asTrained { members["float32"] = .object(json(asTrained)) }
    if precision != .float32 {
      members["int8"] = .object(json(chosen))
      if !kept.isEmpty { members["kept"] = .array(kept.map { .string($0.tensor) }) }
    }
    if let forced { members["forced"] = .string(forced) }
    return .object(members)
  }

  private func words(_ effects: [ScoreEffect]) -> String {
    effects.map(\.words).joined(separator: "; ")
  }

  private func json(_ effects: [ScoreEffect]) -> [String: JSONValue] {
    Dictionary(
      effects.map { effect in
        var members: [String: JSONValue] = [
          "largest": number(Double(effect.largest)), "mean": number(Double(effect.mean)),
          "worst_row": .integer(Int64(effect.worstRow)),
        ]
        if let rank = effect.rankCorrelation { members["rank_correlation"] = number(rank) }
        if let cosine = effect.leastCosine { members["cosine_min"] = number(cosine) }
        return (effect.output, .object(members))
      }
    ) { first, _ in first }
  }

  /// JSON has no infinity: what is not finite is named.
  private func number(_ number: Double) -> JSONValue {
    number.isFinite ? .number(number) : .string("not finite")
  }
}
