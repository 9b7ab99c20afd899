import Testing
import TesseraClient
import TesseraWire

@Suite("What the client repeats", .timeLimit(.minutes(1)))
struct RepeatTests {
  @Test(
    "a request that may have been worked on is never sent again, however many connections there are",
    arguments: [ErrorCode.internalError, .deadlineExceeded, .badValue, .limit, .malformed])
  func never(code: ErrorCode) async throws {
    let server = try await FakeServer.start { arrival in
      if arrival.kind == .score { arrival.refuse(code) }
      return arrival.kind == .score
    }
    let client = client(server.address, server.address, connections: 2)
    await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(server.arrivals(of: .score) == 1)
    await client.close()
    await server.stop()
  }
}
