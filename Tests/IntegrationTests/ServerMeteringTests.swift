// What one client takes of the server, others do not lack: its frames wait, its memory is bounded, and nothing is
// left unanswered for that.

import SeededRandom
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: metering", .serialized, .timeLimit(.minutes(1)))
struct ServerMeteringTests {
  @Test(
    "BINDs without a pause are all answered once, in their order, at the pace of the connection")
  func pacedBinds() async throws {
    try await withServer(try ServerRegistry.sample()) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var bytes: [UInt8] = []
      let ids = UInt64(0)..<160
      for id in ids {
        try BindBody(.model, "coupon", target: .alias("production"))
          .encodeFrame(requestID: id, into: &bytes)
      }
      bytes += try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 500)
      try await peer.send(bytes)
      let replies = try await peer.replies(2 + ids.count + 1).dropFirst(2)
      #expect(replies.map(\.header.requestID) == ids + [500])
      #expect(replies.allSatisfy { $0.header.kind == .bound || $0.header.kind == .scores })
      #expect(peer.replies.count == 2 + ids.count + 1)
    }
  }

  @Test("More frames in one read than a turn, and more bytes than are held, are all answered once")
  func longRead() async throws {
    try await withServer(try ServerRegistry.sample()) {
      $0.queueMilliseconds = 10_000
    } _: { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var numbers = SeededGenerator(seed: 8)
      let small = ServerRequest.make(users: 1, events: 1, coupons: 1, &numbers)
      let large = ServerRequest.make(users: 64, events: 32, coupons: 16, &numbers)
      var bytes: [UInt8] = []
      for id in 0..<500 {
        bytes += try ServerPeer.frame(id % 10 == 9 ? large : small, requestID: UInt64(id))
      }
      try await peer.send(bytes)
      let replies = try await peer.replies(502).dropFirst(2)
      #expect(Set(replies.map(\.header.requestID)) == Set(0..<500))
      #expect(replies.allSatisfy { $0.header.kind == .scores })
    }
  }

  @Test(
    "Where frames of others fill the memory, one that spans reads is answered OVERLOADED, not kept")
  func fullMemory() async throws {
    try await withServer(try ServerRegistry.sample()) {
      $0.framesBytesMax = 100_000
      $0.eventLoops = 1
    } _: { port, _ in
      let request = ServerRequest.random(seed: 1)
      // The beginning of the longest SCORE there is.
      let header: [UInt8] = [0, 0, 16, 0, 3, 0, 0, 0, 77] + [UInt8](repeating: 0, count: 11)
      let hoarder = try await ServerPeer.bound(port: port)
      try await hoarder.send(header + [UInt8](repeating: 0, count: 150_000))
      let peer = try await ServerPeer.bound(port: port)
      try await peer.until { true }
      var frame = try ServerPeer.frame(request, requestID: 1)
      // The memory is full once all has arrived; until then the request is scored.
      var id: UInt64 = 1
      while try await peer.score(request, requestID: id).header.kind == .scores { id += 1 }
      let refused = try #require(peer.replies.last)
      #expect(refused.code == .overloaded)
      frame = try ServerPeer.frame(request, requestID: 900)
      try await peer.send(Array(frame.prefix(30)))
      try await Task.sleep(for: .milliseconds(50))
      try await peer.send(Array(frame.dropFirst(30).prefix(10)))
      try await peer.until { peer.replies.contains { $0.header.requestID == 900 } }
      #expect(peer.replies.last?.code == .overloaded)
      // Its rest is passed over; when the hoarder has gone, the connection is as good as ever.
      await hoarder.close()
      try await peer.send(Array(frame.dropFirst(40)))
      id = 1_000
      while try await peer.score(request, requestID: id).header.kind != .scores { id += 1 }
      #expect(peer.replies.count { $0.header.requestID == 900 } == 1)
      #expect(!peer.isClosed)
    }
  }

  @Test("A connection that rests is closed with a word; one that PINGs stays")
  func idle() async throws {
    try await withServer(try ServerRegistry.sample()) {
      $0.timeouts.idle = 400_000_000
    } _: { port, _ in
      let resting = try await ServerPeer.bound(port: port)
      let pinging = try await ServerPeer.bound(port: port)
      for id in 0..<12 {
        var ping: [UInt8] = []
        Frame.append(.ping, requestID: UInt64(id), body: RawSpan(), to: &ping)
        try await pinging.send(ping)
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(try await resting.end().last?.code == .timeout)
      #expect(!pinging.isClosed)
    }
  }
}
