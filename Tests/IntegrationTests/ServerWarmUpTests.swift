import TesseraServer
import TesseraWire
import Testing

@Suite("Server: warm-up", .serialized, .timeLimit(.minutes(1)))
struct ServerWarmUpTests {
  @Test(
    "a version that makes no finite scores of its own requests is refused; the old one keeps serving"
  )
  func notFinite() async throws {
    let registry = try ServerRegistry.sample()
    // Faces above four, divided by this, are infinite in float32.
    let second = try registry.add(seed: 2, faceDeviation: 1.2e-38)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer(port: port)
      var bytes: [UInt8] = []
      try HelloBody(capabilities: .listing)
        .encodeFrame(requestID: ServerPeer.helloID, into: &bytes)
      try BindBody(.model, "coupon", target: .alias("production"))
        .encodeFrame(requestID: ServerPeer.bindID, into: &bytes)
      try await peer.send(bytes)
      _ = try await peer.replies(2)
      try registry.promote(second)
      var entry: ListedBody.Entry
      var id: UInt64 = 0
      repeat {
        id += 1
        var list: [UInt8] = []
        try ListBody().encodeFrame(requestID: id, into: &list)
        let before = peer.replies.count
        try await peer.send(list)
        let listed = try await peer.replies(before + 1)[before].decoded(as: ListedBody.self)
        entry = try #require(listed.entries.first)
      } while entry.wantedVersion != second || entry.state == .loading
      #expect(entry.state == .refused)
      #expect(entry.version == 1)
      #expect(entry.reason.contains("not finite"))
      let reply = try await peer.score(ServerRequest.random(seed: 1), requestID: 1_000_000)
      #expect(try reply.decoded(as: ScoresBody.self).users.map(\.version) == [1])
    }
  }
}
