import NIOCore
import Synchronization
import Testing
import TesseraClient
import TesseraWire

/// A household with two events and three coupons, as `FakeServer.signature` wants it.
let household = ScoreRequest([
  "segment": .integer(3),
  "category": .strings(["MILK", "BREAD"]),
  "spend": .numbers([3.25, 1.1]),
  "products": .stringBags([["MILK"], [], ["SOAP", "TEA"]]),
])

func client(
  _ servers: ServerAddress..., connections: Int = 1,
  change: (inout TesseraClient.Configuration) -> Void = { _ in }
) -> TesseraClient {
  var configuration = TesseraClient.Configuration()
  configuration.connectionsPerServer = connections
  configuration.deadline = .seconds(10)
  configuration.reconnectPause = .milliseconds(5)
  change(&configuration)
  return TesseraClient(servers: servers, configuration: configuration)
}

@Suite("The client", .timeLimit(.minutes(1)))
struct ClientTests {
  @Test("scores a household by the names of columns and outputs")
  func scores() async throws {
    let server = try await FakeServer.start()
    let client = client(server.address)
    let response = try await client.score(household, model: "coupon")
    #expect(response.version() == 1)
    #expect(response.outputs.map(\.name) == ["click", "redeem"])
    #expect(response.scores() == [0, 1, 2])
    #expect(response.scores(of: "redeem") == [3, 4, 5])
    #expect(response.scores(of: "purchase") == nil)
    #expect(response.queueTime == .microseconds(7))
    #expect(response.computeTime == .microseconds(9))
    #expect(response.serverLoad == 0.2)
    #expect(try await client.signature(of: "coupon") == FakeServer.signature)
    await client.close()
    await server.stop()
  }

  @Test("scores several users of unlike lengths in one frame, a new one without events among them")
  func severalUsers() async throws {
    let server = try await FakeServer.start()
    let client = client(server.address)
    var request = household
    request.users.append(
      ScoreRequest.User(
        key: 9,
        columns: [
          "segment": .integer(70_000), "category": .strings([]), "spend": .numbers([]),
          "products": .stringBags([["TEA"], ["MILK"]]), "not in the model": .integer(1),
        ]))
    let response = try await client.score(request, model: "coupon")
    #expect(response.users == 2)
    #expect(response.scores(of: "redeem", user: 0) == [5, 6, 7])
    #expect(response.scores(of: "redeem", user: 1) == [8, 9])
    #expect(server.arrivals(of: .score) == 1)
    await client.close()
    await server.stop()
  }

  @Test("shares one connection and one BIND between many callers, whose replies come in any order")
  func pipelining() async throws {
    let held = Mutex<[FakeServer.Arrival]>([])
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score else { return false }
      let all = held.withLock { held in
        held.append(arrival)
        return held.count == 20 ? held : []
      }
      for (index, arrival) in all.enumerated().reversed() {
        arrival.answer(version: UInt32(index + 1))
      }
      return true
    }
    let client = client(server.address)
    let versions = try await withThrowingTaskGroup(of: UInt32?.self) { group in
      for _ in 0..<20 {
        group.addTask { try await client.score(household, model: "coupon").version() }
      }
      return try await group.reduce(into: Set<UInt32?>()) { $0.insert($1) }
    }
    #expect(versions == Set(1...20))
    #expect(server.connections == 1)
    #expect(server.arrivals(of: .bind) == 1)
    await client.close()
    await server.stop()
  }

  @Test("binds and encodes again when a promotion has changed the signature, unseen by the caller")
  func rebind() async throws {
    var changed = FakeServer.signature
    changed.columns.removeAll { $0.name == "category" }
    let newer = changed
    let server = try await FakeServer.start { arrival in
      if arrival.kind == .score, arrival.number == 1 {
        arrival.refuse(.rebindRequired)
        return true
      }
      if arrival.kind == .bind && arrival.number == 1
        || arrival.kind == .score && arrival.number > 1
      {
        arrival.answer(with: newer, version: 2)
        return true
      }
      return false
    }
    let client = client(server.address)
    #expect(try await client.score(household, model: "coupon").version() == 1)
    #expect(try await client.score(household, model: "coupon").version() == 2)
    #expect(try await client.signature(of: "coupon") == newer)
    #expect(server.arrivals(of: .score) == 3)
    await client.close()
    await server.stop()
  }

  @Test("rebinds on the connection that was told to, whatever its other connections still believe")
  func rebindStays() async throws {
    let isNewer = Mutex(false)
    let rebound = Mutex<Set<Int>>([])
    let server = try await FakeServer.start { arrival in
      guard isNewer.withLock({ $0 }) else { return false }
      if arrival.kind == .bind { rebound.withLock { _ = $0.insert(arrival.connection) } }
      if arrival.kind == .score, !rebound.withLock({ $0.contains(arrival.connection) }) {
        arrival.refuse(.rebindRequired)
      } else {
        arrival.answer(version: 2)
      }
      return true
    }
    let client = client(server.address, connections: 3)
    while server.arrivals(of: .bind) < 3 { _ = try await client.score(household, model: "coupon") }
    isNewer.withLock { $0 = true }
    for _ in 0..<6 { #expect(try await client.score(household, model: "coupon").version() == 2) }
    #expect(server.arrivals(of: .bind) == 6)
    await client.close()
    await server.stop()
  }

  @Test("goes to a new connection when the old one has used up its handles")
  func handlesUsedUp() async throws {
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .bind, arrival.connection == 0 else { return false }
      arrival.refuse(.limit)
      return true
    }
    let client = client(server.address)
    #expect(try await client.score(household, model: "coupon").version() == 1)
    #expect(server.connections == 2)
    await client.close()
    await server.stop()
  }

  @Test("treats a code that it does not know like INTERNAL")
  func unknownCode() async throws {
    let server = try await FakeServer.start { arrival in
      if arrival.kind == .score { arrival.refuse(ErrorCode(rawValue: 999)) }
      return arrival.kind == .score
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .serverFailure)
    await client.close()
    await server.stop()
  }

  @Test("rebinds once for a call, and then tells the caller")
  func endlessRebind() async throws {
    let server = try await FakeServer.start { arrival in
      if arrival.kind == .score { arrival.refuse(.rebindRequired) }
      return arrival.kind == .score
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .rebindRequired)
    #expect(server.arrivals(of: .score) == 2)
    await client.close()
    await server.stop()
  }

  @Test("finishes what is in flight after GOAWAY and takes new requests to a new connection")
  func goAway() async throws {
    let held = Mutex<FakeServer.Arrival?>(nil)
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score, arrival.connection == 0 else { return false }
      guard arrival.number == 0 else {
        arrival.refuse(.draining)
        return true
      }
      held.withLock { $0 = arrival }
      arrival.send(GoAwayBody(code: .draining, text: "restarting"), to: 0)
      return true
    }
    let client = client(server.address)
    async let first = client.score(household, model: "coupon")
    while held.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
    #expect(try await client.score(household, model: "coupon").version() == 1)
    held.withLock { $0?.answer(version: 5) }
    #expect(try await first.version() == 5)
    #expect(server.connections == 2)
    await client.close()
    await server.stop()
  }

  @Test("repeats a request that was refused with DRAINING on the other server")
  func drainingServer() async throws {
    let leaving = try await FakeServer.start { arrival in
      if arrival.kind == .score { arrival.refuse(.draining) }
      return arrival.kind == .score
    }
    let staying = try await FakeServer.start()
    let client = client(leaving.address, staying.address) { $0.reconnectPause = .seconds(60) }
    for _ in 0..<4 { #expect(try await client.score(household, model: "coupon").version() == 1) }
    #expect(leaving.arrivals(of: .score) <= 1)
    await client.close()
    await leaving.stop()
    await staying.stop()
  }

  @Test(
    "tells those in flight when the connection is lost, does not repeat them, and connects again")
  func connectionLost() async throws {
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score, arrival.connection == 0 else { return false }
      arrival.channel.close(promise: nil)
      return true
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .connectionLost)
    #expect(try await client.score(household, model: "coupon").version() == 1)
    #expect(server.arrivals(of: .score) == 2)
    await client.close()
    await server.stop()
  }

  @Test("waits out a restart of its server within the deadline")
  func restart() async throws {
    let first = try await FakeServer.start()
    let client = client(first.address)
    _ = try await client.score(household, model: "coupon")
    await first.stop()
    try await Task.sleep(for: .milliseconds(50))
    async let during = client.score(household, model: "coupon")
    try await Task.sleep(for: .milliseconds(30))
    let second = try await FakeServer.start(port: first.address.port)
    #expect(try await during.version() == 1)
    await client.close()
    await second.stop()
  }

  @Test(
    "closes the connection on bytes that are no frame, and tells those in flight",
    arguments: [
      Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
      [0, 0, 0, 0, 0x83, 0, 0, 0] + [UInt8](repeating: 1, count: 12),
      [0xFF, 0xFF, 0xFF, 0xFF, 0x83, 0, 0, 0] + [UInt8](repeating: 0, count: 12),
    ])
  func malformedReply(bytes: [UInt8]) async throws {
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score, arrival.connection == 0 else { return false }
      arrival.send(bytes: bytes)
      return true
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .protocolViolation)
    #expect(try await client.score(household, model: "coupon").version() == 1)
    await client.close()
    await server.stop()
  }

  @Test("does not give scores that do not fit the request")
  func wrongShape() async throws {
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score else { return false }
      arrival.send(
        ScoresBody(users: [.init(version: 1)], outputs: 2, coupons: 2, values: [0, 0, 0, 0]))
      return true
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .protocolViolation)
    await client.close()
    await server.stop()
  }

  @Test("gives up at the deadline, which the server was told, and uses the connection on")
  func timeout() async throws {
    let budgets = Mutex<[UInt32]>([])
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score, arrival.number == 0 else { return false }
      let budget = arrival.body.getInteger(
        at: arrival.body.readerIndex + 4, endianness: .little, as: UInt32.self)
      budgets.withLock { $0.append(budget ?? 0) }
      return true
    }
    let client = client(server.address)
    _ = try await client.signature(of: "coupon")
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon", deadline: .milliseconds(100))
    }
    #expect(error?.code == .deadlineExceeded)
    let budget = try #require(budgets.withLock { $0.first })
    #expect(budget > 0 && budget <= 100_000)
    #expect(try await client.score(household, model: "coupon").version() == 1)
    #expect(server.connections == 1)
    await client.close()
    await server.stop()
  }

  @Test("passes on OVERLOADED with the time to wait, without repeating the request")
  func overloaded() async throws {
    let server = try await FakeServer.start { arrival in
      if arrival.kind == .score { arrival.refuse(.overloaded, retryAfterMicroseconds: 1_500) }
      return arrival.kind == .score
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .overloaded)
    #expect(error?.retryAfter == .microseconds(1_500))
    #expect(server.arrivals(of: .score) == 1)
    await client.close()
    await server.stop()
  }

  @Test("names the column that the server refused")
  func refusedColumn() async throws {
    let server = try await FakeServer.start { arrival in
      if arrival.kind == .score { arrival.refuse(.badValue, column: 2) }
      return arrival.kind == .score
    }
    let client = client(server.address)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .refused)
    #expect(error?.column == "spend")
    await client.close()
    await server.stop()
  }

  @Test("refuses more calls at once than it was configured for")
  func tooMany() async throws {
    let server = try await FakeServer.start { $0.kind == .score }
    let client = client(server.address) { $0.inFlightMax = 2 }
    await withTaskGroup(of: TesseraClientError.Code?.self) { group in
      for _ in 0..<3 {
        group.addTask {
          do throws(TesseraClientError) {
            _ = try await client.score(household, model: "coupon", deadline: .milliseconds(300))
            return nil
          } catch { return error.code }
        }
      }
      let codes = await group.reduce(into: []) { $0.append($1) }
      #expect(codes.filter { $0 == .tooManyInFlight }.count == 1)
      #expect(codes.filter { $0 == .deadlineExceeded }.count == 2)
    }
    await client.close()
    await server.stop()
  }

  @Test("returns at once when its task is cancelled, and drops the late reply")
  func cancellation() async throws {
    let held = Mutex<FakeServer.Arrival?>(nil)
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score, arrival.number == 0 else { return false }
      held.withLock { $0 = arrival }
      return true
    }
    let client = client(server.address)
    let task = Task { try await client.score(household, model: "coupon") }
    while held.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    let error = await #expect(throws: TesseraClientError.self) { try await task.value }
    #expect(error?.code == .cancelled)
    held.withLock { $0?.answer(version: 9) }
    #expect(try await client.score(household, model: "coupon").version() == 1)
    let before = Task {
      try? await Task.sleep(for: .seconds(60))
      return try await client.score(household, model: "coupon")
    }
    before.cancel()
    await #expect(throws: TesseraClientError.self) { try await before.value }
    await client.close()
    await server.stop()
  }

  @Test("says that no server is there, and which address it tried")
  func nobodyThere() async throws {
    let server = try await FakeServer.start()
    await server.stop()
    let client = client(server.address, connections: 2)
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .connectionFailed)
    #expect(error?.message.contains(server.address.description) == true)
    await client.close()
  }

  @Test("passes on why a greeting or a model was refused")
  func refusals() async throws {
    let strict = try await FakeServer.start { arrival in
      arrival.refuse(.unauthenticated)
      return true
    }
    let stranger = client(strict.address)
    let first = await #expect(throws: TesseraClientError.self) {
      try await stranger.score(household, model: "coupon")
    }
    #expect(first?.code == .unauthenticated)
    let empty = try await FakeServer.start { arrival in
      if arrival.kind == .bind { arrival.refuse(.unknownObject) }
      return arrival.kind == .bind
    }
    let lost = client(empty.address)
    let second = await #expect(throws: TesseraClientError.self) {
      try await lost.score(household, model: ModelReference("coupon", version: 9))
    }
    #expect(second?.code == .unknownModel)
    #expect(second?.message.contains("coupon version 9") == true)
    await stranger.close()
    await lost.close()
    await strict.stop()
    await empty.stop()
  }

  @Test(
    "refuses a request that does not fit the signature before sending it, and names the column",
    arguments: [
      ("spend", nil as ColumnValues?, "has no column 'spend'"),
      ("spend", .strings(["a", "b"]), "is of kind number"),
      ("spend", .numbers([1]), "1 rows in column 'spend' and 2 in 'category'"),
      ("segment", .integers([1, 2]), "has one"),
      ("products", .stringBags([]), "0 coupons"),
      ("spend", .numbers([1, .infinity]), "infinite"),
    ])
  func invalidRequests(column: String, values: ColumnValues?, message: String) async throws {
    let server = try await FakeServer.start()
    let client = client(server.address)
    var request = household
    request.users[0].columns[column] = values
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(request, model: "coupon")
    }
    #expect(error?.code == .invalidRequest)
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    #expect(server.arrivals(of: .score) == 0)
    await client.close()
    await server.stop()
  }

  @Test("finishes what is in flight when it is closed, and refuses what comes after")
  func closing() async throws {
    let held = Mutex<FakeServer.Arrival?>(nil)
    let server = try await FakeServer.start { arrival in
      guard arrival.kind == .score else { return false }
      held.withLock { $0 = arrival }
      return true
    }
    let client = client(server.address)
    async let last = client.score(household, model: "coupon")
    while held.withLock({ $0 == nil }) { try await Task.sleep(for: .milliseconds(1)) }
    async let closed: Void = client.close()
    try await Task.sleep(for: .milliseconds(20))
    held.withLock { $0?.answer() }
    #expect(try await last.version() == 1)
    await closed
    let error = await #expect(throws: TesseraClientError.self) {
      try await client.score(household, model: "coupon")
    }
    #expect(error?.code == .closed)
    await server.stop()
  }
}
