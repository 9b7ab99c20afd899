import TesseraWire
import Testing

@Suite("Frames in a stream")
struct FrameTests {
  @Test("Every split of a stream gives the same frames", arguments: [1, 2, 3])
  func splits(pieces: Int) throws {
    let names = ["valid/hello", "valid/ping-empty", "valid/score-every-kind", "valid/pong"]
    let parts = Vector.valid.filter { names.contains($0.name) }.map(\.bytes)
    #expect(parts.count == names.count)
    let stream = Array(parts.joined())
    let cuts: [[Int]] =
      switch pieces {
      case 1: [[]]
      case 2: (0...stream.count).map { [$0] }
      default:
        stride(from: 0, through: stream.count, by: 7).flatMap { first in
          stride(from: first, through: stream.count, by: 11).map { [first, $0] }
        }
      }
    for cut in cuts {
      let frames = try frames(stream, cut: cut)
      guard frames == parts else {
        Issue.record("cut at \(cut): \(frames.count) frames")
        return
      }
    }
  }

  @Test("A stream that arrives byte by byte gives the same frames")
  func byteByByte() throws {
    let stream = Vector.valid.flatMap(\.bytes)
    let frames = try frames(stream, cut: Array(1..<stream.count))
    #expect(frames == Vector.valid.map(\.bytes))
  }

  /// The frames of a stream that arrives in the pieces between the cuts.
  private func frames(_ stream: [UInt8], cut: [Int]) throws -> [[UInt8]] {
    var pending: [UInt8] = []
    var frames: [[UInt8]] = []
    var start = 0
    for end in cut + [stream.count] {
      pending += stream[start..<end]
      start = end
      // Integers have no padding that `bytes` could expose.
      while let header = try unsafe FrameScanner.next(
        in: pending.span.bytes, accepting: .every)
      {
        frames.append(Array(pending[..<header.frameByteCount]))
        pending.removeFirst(header.frameByteCount)
      }
    }
    #expect(pending.isEmpty)
    return frames
  }

  @Test(
    "A length over the limit of its kind is refused from the header alone",
    arguments: FrameKind.allCases)
  func longestBody(kind: FrameKind) throws {
    func header(_ length: Int) -> [UInt8] {
      let length = UInt32(length)
      return (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + [kind.rawValue]
        + Array(repeating: 0, count: 15)
    }
    // Integers have no padding that `bytes` could expose.
    let longest = header(kind.bodyBytesMax)
    let decoded = try unsafe FrameHeader(decoding: longest.span.bytes, accepting: .every)
    #expect(decoded.bodyLength == kind.bodyBytesMax)
    let tooLong = header(kind.bodyBytesMax + 1)
    let error = #expect(throws: WireError.self) {
      try unsafe FrameScanner.next(in: tooLong.span.bytes, accepting: .every)
    }
    #expect(error?.code == .badFrame)
  }

  @Test(
    "Flags and reserved bytes that are not 0 are refused from the header alone", arguments: 5...7)
  func reserved(offset: Int) {
    var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
    bytes[4] = FrameKind.ping.rawValue
    // Integers have no padding that `bytes` could expose.
    #expect(throws: Never.self) {
      try unsafe FrameHeader(decoding: bytes.span.bytes, accepting: .every)
    }
    bytes[offset] = 1
    #expect(throws: WireError.self) {
      try unsafe FrameHeader(decoding: bytes.span.bytes, accepting: .every)
    }
  }

  @Test("A server may be ready to buffer less than the protocol allows")
  func lowerLimit() throws {
    let vector = try #require(Vector.valid.first { $0.name == "valid/score-every-kind" })
    let error = #expect(throws: WireError.self) {
      // Integers have no padding that `bytes` could expose.
      try unsafe FrameScanner.next(
        in: vector.bytes.span.bytes, accepting: .fromClient([], bodyBytesMax: 100))
    }
    #expect(error?.code == .badFrame)
  }

  @Test("What may not come now is refused on the header, before its body has arrived")
  func accepted() throws {
    let expectations: [(AcceptedFrames, FrameKind, ErrorCode?)] = [
      (.fromStranger, .hello, nil), (.fromStranger, .ping, .expectedHello),
      (.fromStranger, .score, .expectedHello), (.fromStranger, .welcome, .badFrame),
      (.fromStranger, .list, .expectedHello),
      (.fromClient([]), .score, nil), (.fromClient([]), .hello, .expectedHello),
      (.fromClient([]), .scores, .badFrame), (.fromClient([]), .cancel, .badFrame),
      (.fromClient([]), .list, .badFrame), (.fromClient([.listing]), .list, nil),
      (.fromClient([.cancelling]), .cancel, nil), (.fromClient([.cancelling]), .list, .badFrame),
      (.fromServer([]), .scores, nil), (.fromServer([]), .score, .badFrame),
      (.fromServer([]), .listed, .badFrame), (.fromServer([.listing]), .listed, nil),
    ]
    for (accepted, kind, code) in expectations {
      let header: [UInt8] =
        [UInt8(min(1, kind.bodyBytesMax)), 0, 0, 0, kind.rawValue] + Array(repeating: 0, count: 15)
      do throws(WireError) {
        // Integers have no padding that `bytes` could expose.
        _ = try unsafe FrameScanner.next(in: header.span.bytes, accepting: accepted)
        // A body of no bytes has arrived, and its checksum is wrong: what comes is not refused for its kind.
        #expect(code == nil, "\(kind)")
      } catch {
        #expect(error.code == code ?? .badFrame, "\(kind): \(error)")
        #expect(code != nil || error.message.contains("checksum"), "\(kind): \(error)")
      }
    }
  }

  @Test("Nothing is appended when a frame cannot be encoded")
  func nothingAppended() {
    var bytes: [UInt8] = [1, 2, 3]
    #expect(throws: WireError.self) {
      try HelloBody(credential: Array(repeating: 0, count: 257))
        .encodeFrame(requestID: 1, into: &bytes)
    }
    #expect(throws: WireError.self) {
      try BindBody(.model, "", target: .version(1)).encodeFrame(requestID: 1, into: &bytes)
    }
    let signature = Signature(
      columns: [Column(name: "x", axis: .user, kind: .number)],
      outputs: [Output(name: "y", meaning: .value)],
      eventsMax: 0, couponsMax: 1)
    #expect(throws: WireError.self) {
      try ScoreBody(
        handle: 0, users: [.init(events: 0, coupons: 1)], columns: [.numbers([.infinity])]
      ).encodeFrame(requestID: 1, signature: signature, into: &bytes)
    }
    #expect(bytes == [1, 2, 3])
  }

  @Test("The text of an ERROR is cut between two characters at 512 bytes")
  func longText() throws {
    var bytes: [UInt8] = []
    ErrorBody(code: .internalError, text: "x" + String(repeating: "ü", count: 400))
      .encodeFrame(requestID: 1, into: &bytes)
    let text = try withBody(bytes) { (_, body) throws(WireError) in
      try ErrorBody(decoding: body).text
    }
    #expect(text == "x" + String(repeating: "ü", count: 255))
  }

  @Test("An ERROR carries code, column and offset of the decoder's error")
  func errorBody() {
    let body = ErrorBody(WireError(.badValue, column: 3, offset: 41, "no"))
    #expect(body == ErrorBody(code: .badValue, column: 3, offset: 41, text: "no"))
    #expect(
      "\(WireError(.badValue, column: 3, offset: 41, "no"))" == "BAD_VALUE (column 3, byte 41): no")
  }
}
