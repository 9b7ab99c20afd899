// Every request is answered exactly once, also those that are refused for one of the server's bounds.

import SeededRandom
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: answers", .serialized, .timeLimit(.minutes(2)))
struct ServerAnswersTests {
  /// Runs the closure while the one worker is busy for at least some tenths of a second.
  private func withBusyWorker(
    _ body: @escaping @Sendable (_ port: Int) async throws -> Void
  ) async throws {
    try await withServer(try ServerRegistry.sample(units: 512)) {
      $0.workers = 1
      $0.queueMilliseconds = 100_000
    } _: { port, _ in
      let other = try await ServerPeer.bound(port: port)
      var numbers = SeededGenerator(seed: 21)
      let heavy = ServerRequest.make(
        users: 64, events: 32, coupons: 16, deadlineMicroseconds: 100_000_000, &numbers)
      var bytes: [UInt8] = []
      for id in 0..<100 { bytes += try ServerPeer.frame(heavy, requestID: UInt64(id)) }
      try await other.send(bytes)
      // The first is answered, so the worker is at work.
      _ = try await other.replies(3)
      try await body(port)
    }
  }

  /// The answers to the requests 0..<count, each of which must have exactly one.
  private func answers(of peer: ServerPeer, _ count: Int) async throws -> [ServerReply] {
    let replies = try await peer.replies(2 + count, within: .seconds(60)).dropFirst(2)
    #expect(replies.map(\.header.requestID).sorted() == (0..<UInt64(count)).map { $0 })
    return Array(replies)
  }

  /// The answers to so many frames of one kind, sent without a pause on a connection of their own.
  private func answers(
    _ count: Int, port: Int, users: Int, events: Int, coupons: Int
  ) async throws -> [ServerReply] {
    let peer = try await ServerPeer.bound(port: port)
    var numbers = SeededGenerator(seed: 22)
    let frame = ServerRequest.make(
      users: users, events: events, coupons: coupons, deadlineMicroseconds: 100_000_000, &numbers)
    var bytes: [UInt8] = []
    for id in 0..<count { bytes += try ServerPeer.frame(frame, requestID: UInt64(id)) }
    try await peer.send(bytes)
    return try await answers(of: peer, count)
  }

  @Test(
    "4,000 small frames to a busy worker are all answered, once: scored, or refused as too many")
  func manyInFlight() async throws {
    try await withBusyWorker { port in
      let answers = try await self.answers(4_000, port: port, users: 1, events: 16, coupons: 1)
      #expect(answers.count { $0.code == .tooManyInFlight } > 0)
      #expect(answers.allSatisfy { $0.code == .tooManyInFlight || $0.header.kind == .scores })
    }
  }

  @Test(
    "1,500 frames of nine kilobytes with their replies are read as they are answered: none is refused"
  )
  func heldBytes() async throws {
    try await withBusyWorker { port in
      let answers = try await self.answers(1_500, port: port, users: 64, events: 0, coupons: 16)
      #expect(answers.allSatisfy { $0.header.kind == .scores })
    }
  }

  @Test("a request whose deadline passes in the queue is answered once")
  func expired() async throws {
    try await withServer(try ServerRegistry.sample()) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var numbers = SeededGenerator(seed: 24)
      let hasty = ServerRequest.make(
        users: 1, events: 4, coupons: 4, deadlineMicroseconds: 1, &numbers)
      for id in UInt64(0)..<20 {
        #expect(try await peer.score(hasty, requestID: id).code == .deadlineExceeded)
      }
      // Whatever else belongs to the last comes before this.
      _ = try await peer.score(ServerRequest.random(seed: 1), requestID: 20)
      _ = try await self.answers(of: peer, 21)
      #expect(peer.replies.count == 2 + 21)
    }
  }

  @Test("a request that is cancelled is answered once, as cancelled, and is not computed")
  func cancelled() async throws {
    let dropped: @Sendable () -> Int64 = {
      CountedMetrics.shared.sum("tessera_requests", "outcome", "DROPPED")
    }
    let before = dropped()
    try await withBusyWorker { port in
      let peer = try await ServerPeer(port: port)
      var bytes: [UInt8] = []
      try HelloBody(capabilities: .cancelling)
        .encodeFrame(requestID: ServerPeer.helloID, into: &bytes)
      try BindBody(.model, "coupon", target: .alias("production"))
        .encodeFrame(requestID: ServerPeer.bindID, into: &bytes)
      var numbers = SeededGenerator(seed: 25)
      let small = ServerRequest.make(
        users: 1, events: 1, coupons: 1, deadlineMicroseconds: 100_000_000, &numbers)
      for id in UInt64(0)..<3 { bytes += try ServerPeer.frame(small, requestID: id) }
      Frame.append(.cancel, requestID: 1, body: RawSpan(), to: &bytes)
      try await peer.send(bytes)
      let answers = try await self.answers(of: peer, 3)
      #expect(answers.first?.header.requestID == 1)
      #expect(answers.first?.code == .cancelled)
      #expect(answers.dropFirst().allSatisfy { $0.header.kind == .scores })
      // The worker has finished with all of them before it scores this one.
      _ = try await peer.score(small, requestID: 3)
      #expect(peer.replies.count == 2 + 4)
      // It was not computed, which is told once a second.
      try await peer.until { dropped() > before }
    }
  }

  @Test("of 65 different BINDs the last is told that all handles are taken, and UNBIND makes room")
  func handles() async throws {
    let registry = try ServerRegistry.sample()
    for alias in 0...Limits.handlesMax { try registry.promote(1, alias: "alias-\(alias)") }
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer(port: port)
      var bytes: [UInt8] = []
      try HelloBody().encodeFrame(requestID: ServerPeer.helloID, into: &bytes)
      for alias in 0...Limits.handlesMax {
        try BindBody(.model, "coupon", target: .alias("alias-\(alias)"))
          .encodeFrame(requestID: UInt64(alias), into: &bytes)
      }
      try await peer.send(bytes)
      let answers = try await peer.replies(1 + Limits.handlesMax + 1).dropFirst()
      #expect(answers.map(\.header.requestID) == (0...UInt64(Limits.handlesMax)).map { $0 })
      #expect(answers.dropLast().allSatisfy { $0.header.kind == .bound })
      #expect(answers.last?.code == .limit)
    }
  }
}
