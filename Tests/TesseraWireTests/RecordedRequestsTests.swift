import TesseraWire
import Testing

@Suite("Recorded requests")
struct RecordedRequestsTests {
  let signature = Signature(
    columns: [Column(name: "x", axis: .coupon, kind: .number)],
    outputs: [Output(name: "y", meaning: .value)],
    eventsMax: 0, couponsMax: 4)

  private func recording(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for index in 0..<count {
      try ScoreBody(
        handle: 0, deadlineMicroseconds: 50, users: [.init(key: 1, events: 0, coupons: 2)],
        columns: [.numbers([Float(index), 0.5])]
      ).encodeFrame(requestID: UInt64(index), signature: signature, into: &bytes)
    }
    return bytes
  }

  @Test("Every frame of the file is found")
  func found() throws {
    #expect(try RecordedRequests(decoding: []).bodies.isEmpty)
    let bytes = try recording(3)
    let recorded = try RecordedRequests(decoding: bytes)
    #expect(recorded.bodies.count == 3)
    #expect(recorded.bodies.last?.upperBound == bytes.count)
  }

  @Test("A recorded frame is sent under another handle, id and deadline, its columns as they were")
  func addressed() throws {
    let recorded = try RecordedRequests(decoding: try recording(2))
    var bytes: [UInt8] = []
    try recorded.append(1, handle: 8, requestID: 99, deadlineMicroseconds: 700, to: &bytes)
    try withBody(bytes) { (header, body) throws(WireError) in
      #expect(header.requestID == 99)
      let request = try ScoreBody(decoding: body, signature: signature)
      #expect(request.handle == 8)
      #expect(request.deadlineMicroseconds == 700)
      #expect(request.columns == [.numbers([1, 0.5])])
    }
    bytes = []
    try recorded.append(0, handle: 8, requestID: 99, to: &bytes)
    try withBody(bytes) { (_, body) throws(WireError) in
      #expect(try ScoreBody(decoding: body, signature: signature).deadlineMicroseconds == 50)
    }
  }

  @Test("A file that is cut, damaged, or holds another kind of frame names the frame and its place")
  func refused() throws {
    let bytes = try recording(2)
    var damaged = bytes
    damaged[bytes.count - 1] ^= 1
    var mixed = bytes
    try HelloBody().encodeFrame(requestID: 0, into: &mixed)
    for (file, frame) in [(Array(bytes.dropLast()), 1), (damaged, 1), (mixed, 2)] {
      let error = #expect(throws: WireError.self) { try RecordedRequests(decoding: file) }
      #expect(error?.code == .badFrame)
      #expect(error?.message.contains("frame \(frame) at byte \(frame * bytes.count / 2)") == true)
    }
  }
}
