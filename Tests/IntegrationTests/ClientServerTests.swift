import ServiceLifecycle
import Synchronization
import TesseraClient
import TesseraServer
import TesseraWire
import Testing

/// The versions that callers have seen since they were last forgotten, and whether they shall stop.
private final class Watch: Sendable {
  private let state = Mutex((seen: Set<UInt32>(), isDone: false))

  var isDone: Bool { state.withLock { $0.isDone } }
  func finish() { state.withLock { $0.isDone = true } }
  func saw(_ version: UInt32) { state.withLock { _ = $0.seen.insert(version) } }
  func forget() { state.withLock { $0.seen = [] } }
  func hasSeen(_ version: UInt32) -> Bool { state.withLock { $0.seen.contains(version) } }
}

@Suite("Client and server", .serialized, .timeLimit(.minutes(2)))
struct ClientServerTests {
  /// Two events and three coupons, for the model of `ServerRegistry`; `brand` is the column of a later signature.
  static let request = ScoreRequest([
    "spend": .number(12.5), "item": .integers([7, 300]), "face": .numbers([0.5, 1, 2.25]),
    "brand": .numbers([1, 2, 3]),
  ])

  private func client(_ port: Int) -> TesseraClient {
    var configuration = TesseraClient.Configuration()
    configuration.deadline = .seconds(10)
    return TesseraClient(
      servers: [ServerAddress(host: "127.0.0.1", port: port)], configuration: configuration)
  }

  @Test(
    "a score is the same bits through the client, alone or among other users, and as raw frames")
  func sameBits() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let client = client(port)
      let alone = try await client.score(Self.request, model: "coupon")
      var crowd = Self.request
      for seed in 0..<20 {
        crowd.users.append(
          ScoreRequest.User(columns: [
            "spend": .number(Float(seed)),
            "item": .integers((0..<Int64(seed)).map { $0 * 31 }),
            "face": .numbers([Float(seed)]),
          ]))
      }
      let among = try await client.score(crowd, model: ModelReference("coupon", version: 1))
      #expect(alone.scores() == among.scores(user: 0))
      let peer = try await ServerPeer.bound(port: port)
      let raw = try await peer.score(
        ScoreBody(
          handle: 0, users: [.init(events: 2, coupons: 3)],
          columns: [.numbers([12.5]), .integers([7, 300]), .numbers([0.5, 1, 2.25])]),
        requestID: 1)
      #expect(try raw.decoded(as: ScoresBody.self).values == alone.scores(of: "redeem"))
      #expect(alone.version() == 1 && alone.outputs.map(\.name) == ["redeem"])
      await client.close()
    }
  }

  @Test("no call fails while versions of the same and of another signature are promoted under it")
  func promotions() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    let brand = try registry.add(seed: 9, face: "brand")
    try await withServer(registry) { port, _ in
      let client = client(port)
      let watch = Watch()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            // Whoever fails ends the test, or the versions would be waited for in vain.
            defer { watch.finish() }
            while !watch.isDone {
              let response = try await client.score(Self.request, model: "coupon")
              #expect(response.scores()?.count == 3)
              watch.saw(response.version() ?? 0)
            }
          }
        }
        for version in [2, brand, 1, brand] {
          // A call rebinds once: it must not last through two changes of the signature.
          try await Task.sleep(for: .milliseconds(50))
          try registry.promote(version)
          watch.forget()
          let deadline = ContinuousClock.now + .seconds(10)
          while !watch.hasSeen(version), !watch.isDone, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
          }
          #expect(watch.hasSeen(version), "version \(version) serves after its promotion")
        }
        watch.finish()
        try await group.waitForAll()
      }
      #expect(try await client.signature(of: "coupon").columns.map(\.name).contains("brand"))
      await client.close()
    }
  }

  @Test("a model that is not there, and a column that is missing, are said by name")
  func refusals() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, _ in
      let client = client(port)
      let unknown = await #expect(throws: TesseraClientError.self) {
        try await client.score(Self.request, model: "dinner")
      }
      #expect(unknown?.code == .unknownModel)
      #expect(unknown?.message.contains("dinner@production") == true)
      let missing = await #expect(throws: TesseraClientError.self) {
        try await client.score(ScoreRequest(["spend": .number(1)]), model: "coupon")
      }
      #expect(missing?.code == .invalidRequest && missing?.column == "item")
      await client.close()
    }
  }

  @Test("a draining server finishes what is in flight, and the client says that it drains")
  func draining() async throws {
    let registry = try ServerRegistry.sample()
    try await withServer(registry) { port, group in
      let client = client(port)
      _ = try await client.score(Self.request, model: "coupon")
      let outcomes = await withTaskGroup(of: TesseraClientError.Code?.self) { tasks in
        for _ in 0..<50 {
          tasks.addTask {
            do throws(TesseraClientError) {
              _ = try await client.score(
                Self.request, model: "coupon", deadline: .milliseconds(500))
              return nil
            } catch { return error.code }
          }
        }
        await group.triggerGracefulShutdown()
        return await tasks.reduce(into: [TesseraClientError.Code?]()) { $0.append($1) }
      }
      // Refused work waits for another server until its deadline, when this one may be gone; none of it is lost in
      // flight.
      for code in outcomes {
        #expect(
          code == nil || code == .draining || code == .deadlineExceeded
            || code == .connectionFailed,
          "\(String(describing: code))")
      }
      await client.close()
    }
  }
}
