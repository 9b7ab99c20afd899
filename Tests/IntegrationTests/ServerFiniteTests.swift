import TesseraServer
import TesseraWire
import Testing

@Suite("Server: scores are numbers", .serialized, .timeLimit(.minutes(1)))
struct ServerFiniteTests {
  /// Users of whom those at some places have a value that the model's weights make infinite.
  private func request(users: Int, huge: Set<Int>) -> ScoreBody {
    ScoreBody(
      handle: 0, deadlineMicroseconds: 10_000_000,
      users: (0..<users).map { _ in .init(events: 1, coupons: 2) },
      columns: [
        .numbers((0..<users).map { _ in 1 }),
        .integers((0..<users).map { Int64($0) }),
        .numbers((0..<users).flatMap { huge.contains($0) ? [1, 3e38] : [1, 2] }),
      ])
  }

  private func withHuge(
    isWide: Bool = false, _ body: @escaping @Sendable (ServerPeer) async throws -> Void
  ) async throws {
    let registry = try ServerRegistry()
    // A usual sentinel, made twenty times as large, is infinite.
    _ = try registry.add(seed: 3, faceDeviation: 0.05, isWide: isWide)
    try registry.promote(1)
    try await withServer(registry) { port, _ in
      try await body(try await ServerPeer.bound(port: port))
    }
  }

  @Test("A user whose scores are not finite has a status and zeros; the others have theirs")
  func someUsers() async throws {
    try await withHuge { peer in
      let good = try await peer.score(self.request(users: 5, huge: []), requestID: 1)
        .decoded(as: ScoresBody.self)
      let mixed = try await peer.score(self.request(users: 5, huge: [1, 4]), requestID: 2)
        .decoded(as: ScoresBody.self)
      #expect(mixed.users.map(\.status) == [nil, .internalError, nil, nil, .internalError])
      for user in 0..<5 {
        let rows = 2 * user..<2 * user + 2
        let expected = [1, 4].contains(user) ? [0, 0] : Array(good.values[rows])
        #expect(Array(mixed.values[rows]) == expected)
      }
    }
  }

  @Test("Outputs of several numbers are the same for a user among others, of whom some have none")
  func wideOutputs() async throws {
    try await withHuge(isWide: true) { peer in
      let mixed = try await peer.score(self.request(users: 5, huge: [1, 4]), requestID: 1)
        .decoded(as: ScoresBody.self)
      let all = try await peer.score(self.request(users: 5, huge: []), requestID: 2)
        .decoded(as: ScoresBody.self)
      // A probability and eight numbers for each of ten coupons, sixteen for each of five users.
      #expect(mixed.values.count == 10 + 80 + 80)
      #expect(Set(all.values[10...]).count > 100)
      for user in 0..<5 {
        for rows in [
          2 * user..<2 * user + 2, 10 + 16 * user..<10 + 16 * user + 16,
          90 + 16 * user..<90 + 16 * user + 16,
        ] {
          let isScored = mixed.users[user].status == nil
          #expect(isScored == ![1, 4].contains(user))
          let expected = isScored ? Array(all.values[rows]) : rows.map { _ in 0 }
          #expect(Array(mixed.values[rows]) == expected)
        }
      }
    }
  }

  @Test("A request none of whose scores is finite is an error that says why")
  func allUsers() async throws {
    try await withHuge { peer in
      let reply = try await peer.score(self.request(users: 1, huge: [0]), requestID: 1)
      let error = try reply.decoded(as: ErrorBody.self)
      #expect(error.code == .internalError)
      #expect(error.text.contains("finite"))
    }
  }
}
