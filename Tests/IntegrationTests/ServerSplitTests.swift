// An alias that leads to several versions: one frame, one answer, each user scored by the version that is
// theirs, to the bits that it gives alone.

import SeededRandom
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: splits", .serialized, .timeLimit(.minutes(2)))
struct ServerSplitTests {
  /// Binds an alias of `coupon` once it is served.
  private func bind(_ alias: String, by peer: ServerPeer) async throws -> BoundBody {
    while true {
      let before = peer.replies.count
      var bytes: [UInt8] = []
      try BindBody(.model, "coupon", target: .alias(alias))
        .encodeFrame(requestID: UInt64(before), into: &bytes)
      try await peer.send(bytes)
      let reply = try await peer.replies(before + 1)[before]
      if reply.header.kind == .bound { return try reply.decoded(as: BoundBody.self) }
    }
  }

  /// Scores users, each with the columns that the signature asks for.
  private func score(
    _ users: [User], by peer: ServerPeer, _ bound: BoundBody
  ) async throws -> ScoresBody {
    var body = ScoreBody(
      handle: bound.handle, deadlineMicroseconds: 10_000_000,
      users: users.map {
        .init(key: $0.key, events: $0.items.count, coupons: $0.faces.count)
      }, columns: [])
    body.columns = bound.signature.columns.map { column in
      switch column.name {
      case "spend": .numbers(users.map(\.spend))
      case "item": .integers(users.flatMap(\.items))
      // The model that reads this one must not read the other.
      case "value": .numbers(users.flatMap { $0.faces.map { 9 - $0 } })
      default: .numbers(users.flatMap(\.faces))
      }
    }
    let before = peer.replies.count
    var bytes: [UInt8] = []
    try body.encodeFrame(
      requestID: UInt64(before), signature: bound.signature, into: &bytes)
    try await peer.send(bytes)
    return try await peer.replies(before + 1)[before].decoded(as: ScoresBody.self)
  }

  private struct User {
    var key: UInt64
    var spend: Float
    var items: [Int64]
    var faces: [Float]

    init(key: UInt64, _ numbers: inout SeededGenerator) {
      self.key = key
      spend = Float.random(in: 0...100, using: &numbers)
      items = (0..<Int.random(in: 0...9, using: &numbers)).map { _ in
        Int64.random(in: 0...1_000, using: &numbers)
      }
      faces = (0..<Int.random(in: 1...4, using: &numbers)).map { _ in
        Float.random(in: 0...5, using: &numbers)
      }
    }
  }

  /// A server whose alias `split` leads to version 1, which reads `face`, and to version 2, which reads
  /// `value`; `first` and `second` lead to one each.
  private func withSplit(
    _ body: @escaping @Sendable (ServerRegistry, ServerPeer, [User]) async throws -> Void
  ) async throws {
    let registry = try ServerRegistry.sample(versions: 1)
    _ = try registry.add(seed: 2, face: "value")
    try registry.promote(1, alias: "first")
    try registry.promote(2, alias: "second")
    try registry.promote(1, alias: "split")
    try registry.point("split", to: [(1, 3), (2, 1)])
    var numbers = SeededGenerator(seed: 5)
    let users = (0..<40).map { User(key: UInt64($0) + 1, &numbers) }
    try await withServer(registry) { port, _ in
      try await body(registry, try await ServerPeer.bound(port: port), users)
    }
  }

  @Test("Each user of a split frame is scored by their version, to the bits that it gives alone")
  func scores() async throws {
    try await withSplit { _, peer, users in
      let split = try await self.bind("split", by: peer)
      #expect(split.signature.columns.map(\.name) == ["spend", "item", "face", "value"])
      let whole = try await self.score(users, by: peer, split)
      let (first, second) = (
        try await self.score(users, by: peer, try await self.bind("first", by: peer)),
        try await self.score(users, by: peer, try await self.bind("second", by: peer))
      )
      #expect(first.values != second.values)
      var row = 0
      for (index, user) in users.enumerated() {
        let told = whole.users[index]
        #expect(told.status == nil)
        let alone = told.version == 1 ? first : second
        for row in row..<row + user.faces.count {
          #expect(whole.values[row].bitPattern == alone.values[row].bitPattern)
        }
        row += user.faces.count
      }
      let share = whole.users.count { $0.version == 1 }
      #expect((20..<40).contains(share), "3 of 4 expected, were \(share) of 40")
    }
  }

  @Test("A user goes to the same version in any frame, at any place in it")
  func sticky() async throws {
    try await withSplit { _, peer, users in
      let split = try await self.bind("split", by: peer)
      let whole = try await self.score(users, by: peer, split)
      let reversed = try await self.score(users.reversed(), by: peer, split)
      #expect(reversed.users.map(\.version) == whole.users.map(\.version).reversed())
      for index in [0, 7, 39] {
        let alone = try await self.score([users[index]], by: peer, split)
        #expect(alone.users[0].version == whole.users[index].version)
      }
    }
  }

  @Test("When a split becomes one version, the handle asks for a rebind only where columns change")
  func moves() async throws {
    try await withSplit { registry, peer, users in
      let split = try await self.bind("split", by: peer)
      // Other weights: the same columns, so the handle stays good.
      try registry.point("split", to: [(1, 1), (2, 1_000_000)])
      while try await self.score(users, by: peer, split).users.contains(where: { $0.version == 1 })
      {}
      try registry.promote(2, alias: "split")
      var bound = split
      while bound.signature.columns.count == 4 { bound = try await self.bind("split", by: peer) }
      #expect(bound.handle != split.handle)
      let scores = try await self.score(users, by: peer, bound)
      #expect(scores.users.allSatisfy { $0.version == 2 })
    }
  }

  @Test("A split goes on being scored however often others that share a version with it change")
  func others() async throws {
    try await withSplit { registry, peer, users in
      let split = try await self.bind("split", by: peer)
      // Each time another signature, joined of the same version and another one.
      for seed in UInt64(10)..<40 {
        let version = try registry.add(seed: seed, face: "face-\(seed)")
        try registry.point("second", to: [(1, 1), (version, 1)])
        var bound = try await self.bind("second", by: peer)
        while !bound.signature.columns.contains(where: { $0.name == "face-\(seed)" }) {
          bound = try await self.bind("second", by: peer)
        }
      }
      let scores = try await self.score(users, by: peer, split)
      #expect(scores.users.allSatisfy { $0.status == nil })
    }
  }

  @Test("Versions whose outputs differ cannot share an alias; what was served goes on")
  func conflict() async throws {
    try await withSplit { registry, peer, users in
      let third = try registry.add(seed: 3, output: "churn")
      try registry.point("second", to: [(2, 1), (third, 1)])
      // The aliases are followed by name: what comes after has been tried then.
      try registry.promote(1, alias: "zeta")
      _ = try await self.bind("zeta", by: peer)
      let bound = try await self.bind("second", by: peer)
      #expect(bound.version == 2)
      #expect(bound.signature.columns.count == 3)
      let scores = try await self.score(users, by: peer, bound)
      #expect(scores.users.allSatisfy { $0.version == 2 })
    }
  }
}
