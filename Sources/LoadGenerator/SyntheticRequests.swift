package import TesseraWire
import SeededRandom

/// Makes requests up that fit a signature. Their values mean nothing to the model (a signature tells no
/// vocabulary), but cost it what real ones of the same size cost.
package struct SyntheticRequests {
  private let signature: Signature
  private let events: Int
  private let coupons: Int
  private var random: SeededGenerator

  /// - Parameter events: of every request; nil is 32, or as many as the model reads. The same for coupons.
  package init(
    signature: Signature, limits: FrameLimits, events: Int?, coupons: Int?, seed: UInt64
  ) {
    self.signature = signature
    self.events = events ?? min(32, signature.eventsMax, limits.eventsMax)
    self.coupons = coupons ?? min(32, signature.couponsMax, limits.couponsMax)
    random = SeededGenerator(seed: seed)
  }

  /// The next so many requests, each of one user.
  package mutating func requests(_ count: Int) -> [ScoreBody] {
    var rows = PerAxis(repeating: 1)
    rows[.event] = events
    rows[.coupon] = coupons
    return (0..<count).map { _ in
      let key = random.next()
      var columns: [ColumnValues] = []
      for column in signature.columns {
        columns.append(values(column, rows: rows[column.axis]))
      }
      return ScoreBody(
        handle: 0, users: [.init(key: key, events: events, coupons: coupons)], columns: columns)
    }
  }

  private mutating func values(_ column: Column, rows: Int) -> ColumnValues {
    switch column.kind {
    case .integer: .integers((0..<rows).map { _ in integer() })
    case .string: .strings((0..<rows).map { _ in string() })
    case .number:
      // Cents, as prices have: most of them need a float32.
      .numbers((0..<rows).map { _ in Float(Int.random(in: 0...2_000, using: &random)) / 100 })
    case .integerBag: .integerBags((0..<rows).map { _ in bag().map { _ in integer() } })
    case .stringBag: .stringBags((0..<rows).map { _ in bag().map { _ in string() } })
    case .vector:
      .vectors(
        width: column.width,
        (0..<rows * column.width).map { _ in Float.random(in: -1...1, using: &random) })
    case .text:
      .texts((0..<rows).map { _ in bag().map { _ in string() }.joined(separator: " ") })
    }
  }

  private mutating func integer() -> Int64 { Int64.random(in: 0..<10_000, using: &random) }

  private mutating func string() -> String { "word \(Int.random(in: 0..<1_000, using: &random))" }

  private mutating func bag() -> Range<Int> { 0..<Int.random(in: 0...5, using: &random) }
}
