import TesseraWire
import Testing
import SeededRandom

@Suite("Round trips")
struct RoundTripTests {
  @Test("A random request decodes to the values that were encoded", arguments: 0..<300)
  func request(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let signature = Signature.random(&generator)
    let request = ScoreBody.random(signature, &generator)
    var bytes: [UInt8] = []
    try request.encodeFrame(requestID: 9, signature: signature, into: &bytes)
    let decoded = try withBody(bytes) { (_, body) throws(WireError) in
      try ScoreBody(decoding: body, signature: signature)
    }
    #expect(decoded == request)
  }

  @Test("A random signature survives BOUND and keeps its hash", arguments: 0..<50)
  func signature(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let bound = BoundBody(handle: 3, version: 8, signature: .random(&generator))
    var bytes: [UInt8] = []
    try bound.encodeFrame(requestID: 1, into: &bytes)
    let decoded = try withBody(bytes) { (_, body) throws(WireError) in
      try BoundBody(decoding: body)
    }
    #expect(decoded == bound)
    #expect(decoded.signature.hash == bound.signature.hash)
  }

  @Test(
    "The hash tells apart signatures that differ in a name, axis, kind, width, meaning, order or limit"
  )
  func hashDiffers() {
    let a = Column(name: "a", axis: .user, kind: .number)
    let b = Column(name: "b", axis: .user, kind: .number)
    let base = Signature(
      columns: [a, b],
      outputs: [Output(name: "x", meaning: .value), Output(name: "y", meaning: .value)],
      eventsMax: 9, couponsMax: 9)
    var others: [Signature] = []
    for change: (inout Signature) -> Void in [
      { $0.columns[0].name = "c" }, { $0.columns[0].axis = .event },
      { $0.columns[0].kind = .integer },
      { $0.columns.reverse() }, { $0.outputs.reverse() }, { $0.eventsMax = 8 },
      { $0.couponsMax = 8 },
      { $0.columns.removeLast() }, { $0.columns[0].width = 2 }, { $0.outputs[0].axis = .user },
      { $0.outputs[0].meaning = .probability }, { $0.outputs[0].width = 2 },
    ] {
      var other = base
      change(&other)
      others.append(other)
    }
    #expect(Set(others.map(\.hash) + [base.hash]).count == others.count + 1)
  }

  @Test(
    "Integers are written in the narrowest encoding that holds them",
    arguments: [
      ([], 1), ([0], 1), ([-128, 127], 1), ([128], 2), ([-129], 2), ([32767, -32768], 2),
      ([32768], 3), ([-(1 << 31), (1 << 31) - 1], 3), ([1 << 31], 4), ([.min, .max], 4),
    ] as [([Int64], UInt8)])
  func integerEncoding(values: [Int64], encoding: UInt8) throws {
    #expect(try encodingByte(.integers(values), kind: .integer) == encoding)
    #expect(
      try encodingByte(.integerBags(values.map { [$0] }), kind: .integerBag) == encoding | 0x80)
  }

  @Test(
    "Numbers are written in the narrowest encoding that loses nothing",
    arguments: [
      ([], 1), ([0, 1, -128], 1), ([200], 2), ([-32768], 2), ([0.5, 1000], 5), ([.nan, 1], 5),
      ([-0.0], 5), ([40000], 5), ([0.1], 6), ([100_001], 6), ([65520], 6), ([1e-10], 6),
    ] as [([Float], UInt8)])
  func numberEncoding(values: [Float], encoding: UInt8) throws {
    #expect(try encodingByte(.numbers(values), kind: .number) == encoding)
  }

  private func encodingByte(_ values: ColumnValues, kind: ColumnKind) throws -> UInt8 {
    let signature = Signature(
      columns: [Column(name: "x", axis: .event, kind: kind)],
      outputs: [Output(name: "y", meaning: .value)],
      eventsMax: 9, couponsMax: 1)
    let request = ScoreBody(
      handle: 0, users: [.init(events: values.rows, coupons: 1)], columns: [values])
    var bytes: [UInt8] = []
    try request.encode(signature: signature, into: &bytes)
    return bytes[22]
  }

  @Test("A server's SCORES, put together in any order, is what the value form encodes")
  func scoresFrame() throws {
    let outputs = [
      Output(name: "taste", axis: .user, meaning: .vector, width: 2),
      Output(name: "redeem", meaning: .probability),
    ]
    let signature = Signature(columns: [], outputs: outputs, eventsMax: 0, couponsMax: 9)
    let body = ScoresBody(
      users: [.init(version: 7), .init(version: 0, status: .deadlineExceeded)], outputs: 2,
      load: 200, queueMicroseconds: 11, computeMicroseconds: 22, coupons: 3,
      values: [1, 2, 0, 0, 0.1, 0.2, 0])
    #expect(body.matches(signature, users: 2, coupons: 3))
    #expect(!body.matches(signature, users: 2, coupons: 2))
    #expect(Array(body.output(0, of: outputs)) == [1, 2, 0, 0])
    #expect(Array(body.output(1, of: outputs)) == [0.1, 0.2, 0])
    var expected: [UInt8] = []
    try body.encodeFrame(requestID: 77, into: &expected)

    let shape = ScoresFrame(signature: signature, users: 2, coupons: 3)
    // Memory of the test's own, released at its end; both outputs lie inside it.
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: shape.byteCount, alignment: 1)
    defer { unsafe frame.deallocate() }
    unsafe shape.begin(frame)
    unsafe shape.setUser(1, version: 0, status: .deadlineExceeded, in: frame)
    for (output, row, value) in [(1, 0, 0.1), (1, 1, 0.2), (0, 0, 1), (0, 1, 2)]
      as [(Int, Int, Float)]
    {
      let place = shape.valuesRange(output: output).lowerBound + 4 * row
      unsafe frame.storeBytes(of: value, toByteOffset: place, as: Float.self)
    }
    unsafe shape.setUser(0, version: 7, status: nil, in: frame)
    unsafe shape.finish(
      frame, requestID: 77, load: 200, queueMicroseconds: 11, computeMicroseconds: 22)
    #expect(unsafe Array(frame) == expected)
  }
}
