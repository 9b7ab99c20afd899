import TesseraWire
import Testing

@Suite("Score layout")
struct ScoreLayoutTests {
  @Test("Decoding into the same value again keeps its memory")
  func reuse() throws {
    var layout = ScoreLayout()
    let place = unsafe layout.columns.withUnsafeBufferPointer { $0.baseAddress }
    for vector in Vector.valid where vector.name.hasPrefix("valid/score-") {
      let signature = try vector.signature()
      try withBody(vector.bytes) { (_, body) throws(WireError) in
        try layout.decode(body, signature: signature)
      }
      // Only compared, never read through.
      let now = unsafe layout.columns.withUnsafeBufferPointer { $0.baseAddress }
      #expect(unsafe now == place)
    }
  }

  @Test("After an error the same value decodes the next frame")
  func afterError() throws {
    let good = try #require(Vector.valid.first { $0.name == "valid/score-every-kind" })
    let bad = try #require(Vector.invalid.first { $0.name == "invalid/score-trailing" })
    let signatures = (try good.signature(), try bad.signature())
    var layout = ScoreLayout()
    #expect(throws: WireError.self) {
      try withBody(bad.bytes) { (_, body) throws(WireError) in
        try layout.decode(body, signature: signatures.1)
      }
    }
    try withBody(good.bytes) { (_, body) throws(WireError) in
      try layout.decode(body, signature: signatures.0)
    }
    var fresh = ScoreLayout()
    try withBody(good.bytes) { (_, body) throws(WireError) in
      try fresh.decode(body, signature: signatures.0)
    }
    #expect(layout == fresh)
  }

  @Test("It says where users, counts, lengths and values lie")
  func places() throws {
    let vector = try #require(Vector.valid.first { $0.name == "valid/score-every-kind" })
    let signature = try vector.signature()
    try withBody(vector.bytes) { (_, body) throws(WireError) in
      var layout = ScoreLayout()
      try layout.decode(body, signature: signature)
      #expect(try ScoreLayout.peekHandle(body) == 5)
      #expect(layout.handle == 5)
      #expect(layout.deadlineMicroseconds == 2_000)
      #expect([layout.users, layout.eventRows, layout.couponRows] == [2, 3, 3])
      #expect(layout.userRecord(0, in: body) == (0xDEAD_BEEF, 2, 1))
      #expect(layout.userRecord(1, in: body) == (0, 1, 2))
      let bag = layout.columns[9]
      #expect(bag.isBag)
      #expect(bag.encoding == .string)
      #expect(bag.prefixesOffset == bag.countsOffset + 3)
      #expect(bag.valuesOffset == bag.prefixesOffset + 3)
      #expect(bag.valueCount == 3)
      #expect(bag.byteCount == 1 + 3 + 3 + 8)
      let price = layout.columns[5]
      #expect(price.encoding == .float32)
      #expect(body.float32(at: price.valuesOffset) == 1.99)
    }
  }

  @Test("A server's own limits are kept, and named in the error")
  func serverLimits() throws {
    let vector = try #require(Vector.valid.first { $0.name == "valid/score-every-kind" })
    let signature = try vector.signature()
    for (limits, offset) in [
      (FrameLimits(usersMax: 1), 2), (FrameLimits(eventsMax: 1), 18),
      (FrameLimits(couponsMax: 1), 32), (FrameLimits(rowsMax: 2), 30),
      (FrameLimits(numbersMax: 5), 32),
    ] {
      let error = #expect(throws: WireError.self) {
        try withBody(vector.bytes) { (_, body) throws(WireError) in
          var layout = ScoreLayout()
          try layout.decode(body, signature: signature, limits: limits)
        }
      }
      #expect(error?.code == .limit)
      #expect(error?.offset == offset)
    }
  }
}
