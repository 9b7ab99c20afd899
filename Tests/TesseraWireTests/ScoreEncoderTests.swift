import TesseraWire
import Testing

@Suite("Score encoder")
struct ScoreEncoderTests {
  let signature = Signature(
    columns: [
      Column(name: "item", axis: .event, kind: .integer),
      Column(name: "city", axis: .user, kind: .string),
      Column(name: "tags", axis: .coupon, kind: .integerBag),
    ], outputs: [Output(name: "y", meaning: .value)], eventsMax: 4, couponsMax: 3)
  let good = ScoreBody(
    handle: 1, users: [.init(events: 2, coupons: 1)],
    columns: [.integers([1, 2]), .strings(["Rome"]), .integerBags([[7]])])

  private func error(_ change: (inout ScoreBody) -> Void) -> WireError? {
    var request = good
    change(&request)
    var bytes: [UInt8] = []
    do throws(WireError) {
      try request.encode(signature: signature, into: &bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test("A request that a server would accept is encoded")
  func accepted() {
    #expect(error { _ in } == nil)
  }

  @Test("What a server would refuse is refused before it is sent, with the column")
  func refused() {
    let cases: [(ErrorCode, Int?, (inout ScoreBody) -> Void)] = [
      (.limit, nil, { $0.users = [] }),
      (.limit, nil, { $0.users = Array(repeating: .init(events: 0, coupons: 1), count: 65) }),
      (.limit, nil, { $0.users[0].events = 5 }),
      (.limit, nil, { $0.users[0].coupons = 0 }),
      (.limit, nil, { $0.users[0].coupons = 4 }),
      (.badValue, nil, { $0.columns.removeLast() }),
      (.badValue, 0, { $0.columns[0] = .integers([1]) }),
      (.badValue, 0, { $0.columns[0] = .strings(["a", "b"]) }),
      (.limit, 1, { $0.columns[1] = .strings([String(repeating: "x", count: 256)]) }),
      (.limit, 2, { $0.columns[2] = .integerBags([Array(repeating: 0, count: 256)]) }),
    ]
    for (code, column, change) in cases {
      let error = error(change)
      #expect(error?.code == code)
      #expect(error?.column == column)
    }
  }
}
