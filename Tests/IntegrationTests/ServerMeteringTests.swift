// What one client takes of the server, others do not lack: its frames wait, its memory is bounded, and nothing is
// left unanswered for that.

import SeededRandom
import Serving
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
    "A frame that there is no memory for is answered OVERLOADED once, and what follows it is scored"
  )
  func fullMemory() async throws {
    try await withServer(try ServerRegistry.sample()) {
      $0.framesBytesMax = 100_000
      $0.eventLoops = 1
    } _: { port, _ in
      // A SCORE of 400,000 bytes, with the wrong checksum: nobody will have all of it to see that.
      let body = [UInt8](repeating: 0, count: 400_000)
      let header: [UInt8] = [0x80, 0x1A, 6, 0, 3, 0, 0, 0, 77] + [UInt8](repeating: 0, count: 11)
      let peer = try await ServerPeer.bound(port: port)
      try await peer.send(header + body)
      try await peer.send(try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 78))
      let replies = try await peer.replies(4).dropFirst(2)
      #expect(replies.map(\.header.requestID) == [77, 78])
      #expect(replies.first?.code == .overloaded)
      #expect(replies.last?.header.kind == .scores)
      #expect(!peer.isClosed)
    }
  }

  @Test("A connection that rests is closed with a word; one that PINGs stays")
  func idle() async throws {
    try await withServer(try ServerRegistry.sample()) {
      $0.timeouts.idle = 2_000_000_000
    } _: { port, _ in
      let resting = try await ServerPeer.bound(port: port)
      let pinging = try await ServerPeer.bound(port: port)
      var id: UInt64 = 0
      while !resting.isClosed {
        id += 1
        var ping: [UInt8] = []
        Frame.append(.ping, requestID: id, body: RawSpan(), to: &ping)
        try await pinging.send(ping)
        _ = try await pinging.replies(2 + Int(id))
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(resting.replies.last?.code == .timeout)
      #expect(!pinging.isClosed)
    }
  }
}
