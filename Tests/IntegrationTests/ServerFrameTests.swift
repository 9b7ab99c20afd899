import Serving
import TesseraServer
import TesseraWire
import Testing
import SeededRandom

@Suite("Server: frames")
struct ServerFrameTests {
  @Test("HELLO, BIND, SCORE and PING are each answered once, with the request's id")
  func transcript() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var bytes = try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 7)
      Frame.append(.ping, requestID: 8, body: RawSpan(), to: &bytes)
      try await peer.send(bytes)
      let replies = try await peer.replies(4)
      #expect(replies[0].header.kind == .welcome)
      let bound = try replies[1].decoded(as: BoundBody.self)
      #expect(bound.version == 1)
      #expect(bound.signature == ServerPeer.signature(face: "face"))
      let scored = try #require(replies.first { $0.header.requestID == 7 })
      let scores = try scored.decoded(as: ScoresBody.self)
      #expect(scores.users.map(\.version) == [1])
      #expect(scores.values.allSatisfy { $0 > 0 && $0 < 1 })
      #expect(replies.contains { $0.header.requestID == 8 && $0.header.kind == .pong })
    }
  }

  @Test("every split of a stream in two gives the same answers")
  func splits() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      var stream = try ServerPeer.greeting()
      var numbers = SeededGenerator(seed: 3)
      let request = ServerRequest.make(users: 1, events: 3, coupons: 2, &numbers)
      stream += try ServerPeer.frame(request, requestID: 1)
      Frame.append(.ping, requestID: 2, body: RawSpan(), to: &stream)
      var first: [Float]?
      for split in 1..<stream.count {
        let peer = try await ServerPeer(port: port)
        try await peer.send(Array(stream[..<split]))
        try await Task.sleep(for: .microseconds(200))
        try await peer.send(Array(stream[split...]))
        let replies = try await peer.replies(4)
        let ids = replies.map(\.header.requestID).sorted()
        #expect(ids == [1, 2, ServerPeer.helloID, ServerPeer.bindID], "split at \(split)")
        let scored = try #require(replies.first { $0.header.requestID == 1 })
        let scores = try scored.decoded(as: ScoresBody.self).values
        #expect(first == nil || first == scores, "split at \(split)")
        first = scores
        await peer.close()
      }
    }
  }

  @Test("a stream that comes byte by byte is answered like one that comes at once")
  func byteByByte() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) {
      // As long as it takes, beside all tests that run at the same time.
      $0.timeouts.hello = 60_000_000_000
      $0.timeouts.frame = 60_000_000_000
    } _: { port, _ in
      let stream =
        try ServerPeer.greeting()
        + ServerPeer.frame(ServerRequest.random(seed: 5), requestID: 1)
      let peer = try await ServerPeer(port: port)
      for byte in stream { try await peer.send([byte]) }
      #expect(try await peer.replies(3)[2].header.kind == .scores)
    }
  }

  @Test("a malformed body gets its code, column and offset, and the connection goes on")
  func malformed() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var numbers = SeededGenerator(seed: 1)
      let good = ServerRequest.make(users: 1, events: 1, coupons: 1, &numbers)
      var body: [UInt8] = []
      try good.encode(signature: ServerPeer.signature(face: "face"), into: &body)
      // The encoding byte of column 0 follows 10 + 12 bytes.
      var strange = body
      strange[22] = 9
      var frames: [UInt8] = []
      // Integers have no padding that `bytes` could expose.
      unsafe Frame.append(.score, requestID: 1, body: strange.span.bytes, to: &frames)
      let long = body + [0]
      unsafe Frame.append(.score, requestID: 2, body: long.span.bytes, to: &frames)
      let short = Array(body.dropLast())
      unsafe Frame.append(.score, requestID: 3, body: short.span.bytes, to: &frames)
      frames += try ServerPeer.frame(good, requestID: 4)
      try await peer.send(frames)
      let replies = try await peer.replies(6)
      func reply(_ id: UInt64) throws -> ServerReply {
        try #require(replies.first { $0.header.requestID == id })
      }
      let error = try reply(1).decoded(as: ErrorBody.self)
      #expect(error.code == .badValue)
      #expect(error.column == 0)
      #expect(error.offset == 22)
      #expect(try reply(2).code == .malformed)
      #expect(try reply(3).code == .malformed)
      #expect(try reply(4).header.kind == .scores)
      #expect(!peer.isClosed)
    }
  }

  @Test("a damaged frame ends the connection, after its code; earlier answers are not lost")
  func damagedFrame() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      #expect(
        try await peer.score(ServerRequest.random(seed: 1), requestID: 1).header.kind == .scores)
      var frame = try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 2)
      frame[frame.count - 1] ^= 1
      try await peer.send(frame)
      let replies = try await peer.end()
      #expect(replies.count == 4)
      #expect(replies.last?.code == .badFrame)
    }
  }

  @Test("a first frame that is not HELLO, and a stranger's protocol, are closed with their code")
  func strangers() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let early = try await ServerPeer(port: port)
      try await early.send(try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 1))
      #expect(try await early.end().map(\.code) == [.expectedHello])
      // SCORE, a body of one MiB, of which nothing is sent.
      let hoarder = try await ServerPeer(port: port)
      try await hoarder.send([0, 0, 16, 0, 3, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 11))
      #expect(try await hoarder.end().map(\.code) == [.expectedHello])
      let browser = try await ServerPeer(port: port)
      try await browser.send(Array("GET / HTTP/1.1\r\nHost: tessera\r\n\r\n".utf8))
      #expect(try await browser.end().map(\.code) == [.badFrame])
    }
  }

  @Test("a token is asked for when the server has one")
  func credential() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) {
      $0.credential = Array("secret".utf8)
    } _: { port, _ in
      let without = try await ServerPeer(port: port)
      try await without.send(try ServerPeer.greeting())
      #expect(try await without.end().map(\.code) == [.unauthenticated])
      let with = try await ServerPeer(port: port)
      var hello: [UInt8] = []
      try HelloBody(credential: Array("secret".utf8)).encodeFrame(requestID: 1, into: &hello)
      try await with.send(hello)
      #expect(try await with.replies(1)[0].header.kind == .welcome)
    }
  }

  @Test("slow clients get TIMEOUT: in HELLO, and in a frame whatever they trickle")
  func slowClients() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) {
      // Long enough for the greeting of the other client, beside all tests that run at the same time.
      $0.timeouts.hello = 2_000_000_000
      $0.timeouts.frame = 300_000_000
    } _: { port, _ in
      let silent = try await ServerPeer(port: port)
      let trickling = try await ServerPeer.bound(port: port)
      let frame = try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 1)
      for byte in frame.prefix(20) where !trickling.isClosed {
        try? await trickling.send([byte])
        try await Task.sleep(for: .milliseconds(40))
      }
      #expect(try await trickling.end().last?.code == .timeout)
      #expect(try await silent.end().map(\.code) == [.timeout])
      #expect(silent.replies.last?.header.kind == .goAway)
    }
  }

  @Test("one connection too many is told so and closed; the others are not disturbed")
  func connectionLimit() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) {
      $0.connectionsMax = 2
    } _: { port, _ in
      let first = try await ServerPeer.bound(port: port)
      _ = try await ServerPeer.bound(port: port)
      for _ in 0..<20 {
        // It greets before it has read that nobody listens: what it has sent must not cost it the words.
        let third = try await ServerPeer(port: port)
        try? await third.send(try ServerPeer.greeting())
        let farewell = try await third.end()
        #expect(try farewell.last?.decoded(as: GoAwayBody.self).code == .overloaded)
      }
      #expect(
        try await first.score(ServerRequest.random(seed: 1), requestID: 1).header.kind == .scores)
    }
  }
}
