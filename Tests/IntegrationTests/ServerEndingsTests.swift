// What a connection's end means: for the work that it leaves, and for the replies that are on their way.

import SeededRandom
import ServiceLifecycle
import Serving
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: endings", .serialized, .timeLimit(.minutes(2)))
struct ServerEndingsTests {
  private static func dropped() -> Int64 {
    CountedMetrics.shared.sum("tessera_requests", "outcome", "DROPPED")
  }

  /// Frames of a whole batch each.
  private func frames(_ count: Int) throws -> [UInt8] {
    var numbers = SeededGenerator(seed: 31)
    let heavy = ServerRequest.make(
      users: 64, events: 32, coupons: 16, deadlineMicroseconds: 100_000_000, &numbers)
    var bytes: [UInt8] = []
    for id in 0..<count { bytes += try ServerPeer.frame(heavy, requestID: UInt64(id)) }
    return bytes
  }

  @Test("work of a connection that the server has ended is not computed, though its peer stays")
  func ended() async throws {
    let before = Self.dropped()
    try await withServer(try ServerRegistry.sample(units: 256)) {
      $0.workers = 1
      $0.queueMilliseconds = 100_000
      // The peer's own end, which it does not see, must not be what counts.
      $0.timeouts.linger = 100_000_000_000
    } _: { port, _ in
      // It reads nothing, so it does not learn that the stream has ended, and stays.
      let staying = try await ServerPeer.bound(port: port, reads: false)
      var damaged = try self.frames(1)
      damaged[damaged.count - 1] ^= 1
      try await staying.send(try self.frames(100) + damaged)
      let patient = try await ServerPeer.bound(port: port)
      // Told once a second. Each frame is a batch, and the last but one is far from computed when the damage comes.
      try await patient.until { Self.dropped() - before > 20 }
      await staying.close()
    }
  }

  @Test("a peer that begins to read when the server drains gets every reply, and then the end")
  func slowReader() async throws {
    try await withServer(try ServerRegistry.sample()) {
      $0.queueMilliseconds = 100_000
      $0.drainMilliseconds = 60_000
      // Longer than a test waits: the connection must end because its replies are written.
      $0.timeouts.linger = 100_000_000_000
    } _: { port, group in
      let peer = try await ServerPeer.bound(port: port, reads: false)
      try await peer.send(try self.frames(100))
      let other = try await ServerPeer.bound(port: port)
      _ = try await other.score(ServerRequest.random(seed: 1), requestID: 1)
      await group.triggerGracefulShutdown()
      try await other.until { other.replies.contains { $0.header.kind == .goAway } }
      try await peer.beginReading()
      let replies = try await peer.end()
      let answers = replies.filter { $0.header.requestID < 100 && $0.header.kind != .goAway }
      #expect(answers.map(\.header.requestID).sorted() == (0..<100).map { $0 })
      #expect(answers.allSatisfy { $0.header.kind == .scores || $0.code == .draining })
      #expect(answers.contains { $0.header.kind == .scores })
    }
  }
}
