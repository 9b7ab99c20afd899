import Serving
import TesseraServer
import TesseraWire
import Testing
import SeededRandom

@Suite("Server: load", .serialized)
struct ServerLoadTests {
  /// Frames of a whole batch each.
  private func flood(
    _ count: Int, deadlineMicroseconds: UInt32 = 10_000_000
  ) throws -> [UInt8] {
    var numbers = SeededGenerator(seed: 11)
    let heavy = ServerRequest.make(
      users: 64, events: 32, coupons: 16, deadlineMicroseconds: deadlineMicroseconds, &numbers)
    var bytes: [UInt8] = []
    for request in 0..<count {
      bytes += try ServerPeer.frame(heavy, requestID: UInt64(request))
    }
    return bytes
  }

  @Test("a flood is answered frame by frame: scores, or OVERLOADED with a time to come back")
  func overload() async throws {
    let registry = try ServerRegistry.sample(units: 128)
    try await withServer(registry) {
      $0.workers = 1
      $0.queueMilliseconds = 2
    } _: { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      try await peer.send(try flood(300))
      let replies = try await peer.replies(302).dropFirst(2)
      #expect(Set(replies.map(\.header.requestID)).count == 300)
      let refused = try replies.filter { $0.header.kind == .error }
        .map { try $0.decoded(as: ErrorBody.self) }
      let scored = replies.count { $0.header.kind == .scores }
      #expect(scored > 0)
      #expect(!refused.isEmpty)
      #expect(scored + refused.count == 300)
      for error in refused {
        #expect(error.code == .overloaded)
        #expect(error.retryAfterMicroseconds >= 1_000)
      }
      // When the flood is over, the next frame is welcome.
      let next = try await peer.score(ServerRequest.random(seed: 1), requestID: 1_000)
      #expect(next.header.kind == .scores)
    }
  }

  @Test("a deadline that passes in the queue is answered as exceeded, and not computed")
  func deadline() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var numbers = SeededGenerator(seed: 1)
      let hasty = ServerRequest.make(
        users: 1, events: 4, coupons: 4, deadlineMicroseconds: 1, &numbers)
      #expect(try await peer.score(hasty, requestID: 1).code == .deadlineExceeded)
      #expect(
        try await peer.score(ServerRequest.random(seed: 1), requestID: 2).header.kind == .scores)
    }
  }

  @Test("work of a client that has gone is not computed")
  func goneClient() async throws {
    let dropped: @Sendable () -> Int64 = {
      CountedMetrics.shared.sum("tessera_requests", "outcome", "DROPPED")
    }
    let before = dropped()
    let registry = try ServerRegistry.sample(units: 256)
    try await withServer(registry) {
      $0.workers = 1
      $0.queueMilliseconds = 10_000
    } _: { port, _ in
      let count = 400
      let patient = try await ServerPeer.bound(port: port)
      let leaving = try await ServerPeer.bound(port: port)
      try await leaving.send(try flood(count))
      _ = try await leaving.replies(3)
      await leaving.close()
      let next = try await patient.score(ServerRequest.random(seed: 1), requestID: 5_000)
      #expect(next.header.kind == .scores)
      // Told once a second. Each frame is a batch, so what runs when the client leaves is one; some 150 wait:
      // as many as the connection may hold.
      try await patient.until { dropped() - before > 50 }
    }
  }

  @Test("a peer that does not read its replies is not read any more, and is cut off")
  func unreadReplies() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) {
      $0.timeouts.stalledReplies = 300_000_000
    } _: { port, _ in
      let deaf = try await ServerPeer.bound(port: port, reads: false)
      var numbers = SeededGenerator(seed: 2)
      let request = ServerRequest.make(users: 64, events: 0, coupons: 16, &numbers)
      var bytes: [UInt8] = []
      for id in 0..<64 { bytes += try ServerPeer.frame(request, requestID: UInt64(id)) }
      // 4 KiB of scores a frame: the kernel's buffers fill after some megabytes, then the server's
      // bound is reached, and the write fails when the connection is cut.
      await #expect(throws: (any Error).self) {
        for _ in 0..<2_000 { try await deaf.send(bytes) }
      }
      let other = try await ServerPeer.bound(port: port)
      #expect(
        try await other.score(ServerRequest.random(seed: 1), requestID: 1).header.kind == .scores)
    }
  }

  @Test("a score is the same bits alone and in a batch of 64 strangers of other lengths")
  func sameBits() async throws {
    let registry = try ServerRegistry.sample(units: 32)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var alone: [UInt64: [UInt8]] = [:]
      for id in UInt64(0)..<65 {
        let reply = try await peer.score(ServerRequest.random(seed: id), requestID: id)
        alone[id] = Array(reply.body.dropFirst(20))
      }
      for round in UInt64(1)...10 {
        var numbers = SeededGenerator(seed: round)
        var bytes: [UInt8] = []
        for id in (UInt64(0)..<65).shuffled(using: &numbers) {
          bytes += try ServerPeer.frame(
            ServerRequest.random(seed: id), requestID: round * 1_000 + id)
        }
        try await peer.send(bytes)
        let replies = try await peer.replies(2 + 65 * Int(round + 1))
        for reply in replies.suffix(65) {
          #expect(reply.header.kind == .scores)
          #expect(Array(reply.body.dropFirst(20)) == alone[reply.header.requestID % 1_000])
        }
      }
    }
  }
}
