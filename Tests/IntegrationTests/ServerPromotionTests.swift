import Synchronization
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: promotion", .serialized, .timeLimit(.minutes(2)))
struct ServerPromotionTests {
  private final class Count: Sendable {
    let value = Mutex(0)
  }

  @Test(
    "a promotion under load is served soon, no request fails, and each is scored by one version")
  func underLoad() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    try await withServer(registry) { port, _ in
      let request = ServerRequest.random(seed: 9)
      // The scores of each version, alone.
      let peer = try await ServerPeer.bound(port: port)
      let first = try await peer.score(request, requestID: 1).decoded(as: ScoresBody.self)
      let clock = ContinuousClock()
      let begun = Count()
      try await withThrowingTaskGroup(of: [ScoresBody].self) { group in
        for _ in 0..<4 {
          group.addTask {
            let peer = try await ServerPeer.bound(port: port)
            var scores: [ScoresBody] = []
            let end = clock.now + .seconds(1)
            var id = UInt64(1_000)
            // Until the promotion was seen, however long the disk takes.
            while clock.now < end
              || scores.last?.users[0].version == 1 && clock.now < end + .seconds(20)
            {
              id += 1
              let reply = try await peer.score(request, requestID: id)
              scores.append(try reply.decoded(as: ScoresBody.self))
              if scores.count == 1 { begun.value.withLock { $0 += 1 } }
            }
            return scores
          }
        }
        // Each of them has seen the first version.
        try await peer.until { begun.value.withLock { $0 } == 4 }
        try await Task.sleep(for: .milliseconds(300))
        try registry.promote(2)
        var id = UInt64(1)
        var second = first
        while second.users[0].version == 1 {
          id += 1
          second = try await peer.score(request, requestID: id).decoded(as: ScoresBody.self)
        }
        #expect(second.users[0].version == 2)
        #expect(second.values != first.values)
        for try await scores in group {
          #expect(scores.contains { $0.users[0].version == 1 })
          #expect(scores.contains { $0.users[0].version == 2 })
          for score in scores {
            #expect(score.values == (score.users[0].version == 1 ? first.values : second.values))
          }
          let versions = scores.map(\.users[0].version)
          #expect(versions == versions.sorted())
        }
      }
    }
  }

  @Test("a damaged version is refused while the old one keeps serving; a good one is taken then")
  func damaged() async throws {
    let registry = try ServerRegistry.sample(versions: 3)
    try registry.promote(2)
    try registry.promote(1)
    try registry.damage(2)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      // Promotion would have noticed the damage; going back does not look.
      try registry.rollback()
      try await Task.sleep(for: .milliseconds(300))
      var id = UInt64(1)
      let request = ServerRequest.random(seed: 1)
      #expect(
        try await peer.score(request, requestID: id).decoded(as: ScoresBody.self).users[0].version
          == 1)
      try registry.promote(3)
      var version: UInt32 = 1
      while version == 1 {
        id += 1
        version = try await peer.score(request, requestID: id).decoded(as: ScoresBody.self).users[0]
          .version
      }
      #expect(version == 3)
    }
  }

  @Test("a version of another signature asks each handle to bind again, and serves the new one")
  func signatureChange() async throws {
    let registry = try ServerRegistry.sample()
    let second = try registry.add(seed: 2, face: "value")
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      let request = ServerRequest.random(seed: 1)
      #expect(try await peer.score(request, requestID: 1).header.kind == .scores)
      try registry.promote(second)
      var id = UInt64(1)
      var reply: ServerReply
      repeat {
        id += 1
        reply = try await peer.score(request, requestID: id)
      } while reply.header.kind == .scores
      #expect(reply.code == .rebindRequired)
      #expect(try await peer.score(request, requestID: 900).code == .rebindRequired)

      var bind: [UInt8] = []
      try BindBody(.model, "coupon", target: .alias("production"))
        .encodeFrame(requestID: 901, into: &bind)
      let before = peer.replies.count
      try await peer.send(bind)
      let bound = try await peer.replies(before + 1)[before].decoded(as: BoundBody.self)
      #expect(bound.version == second)
      #expect(bound.handle == 1)
      var again = request
      again.handle = bound.handle
      #expect(try await peer.score(again, requestID: 902).header.kind == .scores)
    }
  }

  @Test("BIND names what is wrong with an unknown model, alias or version")
  func unknownNames() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      var bytes: [UInt8] = []
      try BindBody(.model, "cupon", target: .alias("production"))
        .encodeFrame(requestID: 1, into: &bytes)
      try BindBody(.model, "coupon", target: .version(2)).encodeFrame(requestID: 2, into: &bytes)
      try BindBody(.model, "coupon", target: .version(1)).encodeFrame(requestID: 3, into: &bytes)
      try await peer.send(bytes)
      let replies = try await peer.replies(5)
      let model = try replies[2].decoded(as: ErrorBody.self)
      #expect(model.code == .unknownObject)
      #expect(model.text.contains("tessera-registry list"))
      let version = try replies[3].decoded(as: ErrorBody.self)
      #expect(version.code == .unknownObject)
      #expect(version.text.contains("promote"))
      #expect(try replies[4].decoded(as: BoundBody.self).version == 1)
    }
  }
}
