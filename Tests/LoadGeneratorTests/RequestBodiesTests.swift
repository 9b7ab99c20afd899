import LoadGenerator
import TesseraWire
import Testing

@Suite struct RequestBodiesTests {
  private static let item = Column(name: "item", axis: .event, kind: .integer)
  private static let products = Column(name: "products", axis: .coupon, kind: .stringBag)
  private static let price = Column(name: "price", axis: .coupon, kind: .number)
  private static let age = Column(name: "age", axis: .user, kind: .string)

  private func signature(_ columns: Column...) -> Signature {
    Signature(
      columns: columns, outputs: [Output(name: "redeem", meaning: .probability)], eventsMax: 8,
      couponsMax: 4)
  }

  private func recording(_ signature: Signature) throws -> RecordedRequests {
    var file: [UInt8] = []
    for (index, var request) in synthetic(signature).enumerated() {
      request.deadlineMicroseconds = UInt32(index)
      try request.encodeFrame(requestID: UInt64(index), signature: signature, into: &file)
    }
    return try RecordedRequests(decoding: file)
  }

  private func synthetic(_ signature: Signature, seed: UInt64 = 1) -> [ScoreBody] {
    var maker = SyntheticRequests(
      signature: signature, limits: .standard, events: 3, coupons: 2, seed: seed)
    return maker.requests(5)
  }

  @Test func madeUpRequestsFitEveryKindOfColumnAndAreTheSameForASeed() throws {
    let all = signature(
      Self.item, Self.products, Self.price, Self.age,
      Column(name: "bag", axis: .coupon, kind: .integerBag))
    #expect(synthetic(all) == synthetic(all))
    #expect(synthetic(all) != synthetic(all, seed: 2))
    #expect(Set(synthetic(all)).count == 5)
    let bodies = try RequestSource.synthetic(events: nil, coupons: nil, seed: 1)
      .bodies(for: all, limits: .standard)
    #expect(bodies.count == LoadLimits.syntheticRequests)
  }

  @Test func moreEventsThanTheModelReadsAreRefusedBeforeAnythingIsSent() {
    #expect(throws: LoadError.self) {
      try RequestSource.synthetic(events: 9, coupons: nil, seed: 1)
        .bodies(for: signature(Self.item), limits: .standard)
    }
  }

  @Test func recordedRequestsThatDoNotFitTheModelAreNamed() throws {
    let file = RequestSource.recorded(try recording(signature(Self.item, Self.price)))
    let error = #expect(throws: LoadError.self) {
      try file.bodies(for: signature(Self.item, Self.age, Self.products), limits: .standard)
    }
    #expect("\(try #require(error))".hasPrefix("request 0, column 'age'"))
  }

  @Test func recordedRequestsFollowASignatureWhoseColumnsMoved() throws {
    let before = signature(Self.item, Self.price, Self.age)
    let after = signature(Self.age, Self.item)
    let source = RequestSource.recorded(try recording(before))
    let first = try source.bodies(for: before, limits: .standard)
    let second = try source.bodies(for: after, limits: .standard, previous: first)
    #expect(second.count == first.count)
    let (old, new) = (try first.decoded(2), try second.decoded(2))
    #expect(new.columns == [old.columns[2], old.columns[0]])
    #expect(new.users == old.users && new.deadlineMicroseconds == 2)
  }

  @Test func aColumnThatWasNeverRecordedStopsTheRunWithItsName() throws {
    let before = signature(Self.item)
    let source = RequestSource.recorded(try recording(before))
    let first = try source.bodies(for: before, limits: .standard)
    let error = #expect(throws: LoadError.self) {
      try source.bodies(for: signature(Self.item, Self.age), limits: .standard, previous: first)
    }
    #expect("\(try #require(error))".contains("'age' (user axis, string)"))
  }

  @Test func anEmptyFileIsNothingToSend() throws {
    let empty = RequestSource.recorded(try RecordedRequests(decoding: []))
    #expect(throws: LoadError("there is no request to send")) {
      try empty.bodies(for: signature(Self.item), limits: .standard)
    }
  }
}
