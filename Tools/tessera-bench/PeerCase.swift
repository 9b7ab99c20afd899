internal import Inference
internal import ModelGraph
internal import TesseraWire
internal import SeededRandom

/// The sizes of the requests that are scored together.
struct PeerCase {
  /// T and N of each request.
  let events: [Int]
  let coupons: [Int]

  init(events: [Int], coupons: [Int]) {
    self.events = events
    self.coupons = coupons
  }

  var eventsText: String { Self.text(events) }
  var couponsText: String { Self.text(coupons) }

  /// Equal requests in batches of 1, 4, 16 and 64, then a batch of 16 and one of 64 with 5…50 events and 1…64 coupons.
  static func all(_ model: ReferenceModel, quick: Bool) -> [PeerCase] {
    let even = (quick ? [1, 16] : [1, 4, 16, 64]).map { batch in
      PeerCase(batch: batch, events: model.events, coupons: 32)
    }
    return even + (quick ? [16] : [16, 64]).map { mixed(batch: $0) }
  }

  private static func mixed(batch: Int) -> PeerCase {
    var random = SeededGenerator(seed: 3)
    return PeerCase(
      events: (0..<batch).map { _ in Int.random(in: 5...50, using: &random) },
      coupons: (0..<batch).map { _ in Int.random(in: 1...64, using: &random) })
  }

  /// Equal requests.
  init(batch: Int, events: Int, coupons: Int) {
    self.init(
      events: Array(repeating: events, count: batch),
      coupons: Array(repeating: coupons, count: batch))
  }

  func limits(_ graph: TypedGraph) -> RowCounts {
    let limits = graph.description.limits
    return RowCounts(
      users: events.count, events: max(limits.events, events.reduce(0, +)),
      coupons: max(limits.coupons, coupons.reduce(0, +)), bagValues: 65_536)
  }

  private static func text(_ counts: [Int]) -> String {
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    return least == most ? "\(least)" : "\(least)-\(most)"
  }
}

/// One line of the comparison; times in µs a request.
struct ComparisonRow: Encodable {
  let model: String
  let batch: Int
  /// A number, or the least and the most where they differ.
  let events: String
  let coupons: String
  let isa: String
  let tesseraUs: Double
  let peer: String
  let peerUs: Double
  let ratio: Double
  let maxAbsDiff: Double

  init(
    model: String, batch: Int, events: String, coupons: String, isa: String, tesseraUs: Double,
    peer: String, peerUs: Double, maxAbsDiff: Double
  ) {
    self.model = model
    self.batch = batch
    self.events = events
    self.coupons = coupons
    self.isa = isa
    self.tesseraUs = tesseraUs
    self.peer = peer
    self.peerUs = peerUs
    ratio = peerUs / tesseraUs
    self.maxAbsDiff = maxAbsDiff
  }

  static let heading =
    "model    batch  events coupons  isa         tessera µs  peer                             peer µs  ratio  max |Δ|"

  var line: String {
    let difference = "\((maxAbsDiff * 10_000).rounded() / 10_000)"
    return [
      model.left(8), "\(batch)".right(5), events.right(7), coupons.right(7), "", isa.left(11),
      tesseraUs.short.right(10), "", peer.left(31), peerUs.short.right(8), ratio.short.right(6),
      difference.right(8),
    ].joined(separator: " ")
  }
}
