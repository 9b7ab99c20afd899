import Serving
import TesseraWire
import Testing

@Suite("Routes")
struct RouteTests {
  @Test("one share takes every user, whatever their keys")
  func oneShare() {
    for users in [1, 2, 63, 64] {
      let parts = Route(lane: 5).parts(userKeys: (0..<UInt64(users)).map { $0 &* 77 })
      #expect(parts.map(\.lane) == [5])
      #expect(parts.map(\.users) == [UserMask(first: users)])
      #expect(parts[0].users.count == users)
    }
  }

  @Test("each user of a split frame goes to exactly one lane, and always to the same")
  func split() {
    let route = Route(
      shares: [.init(lane: 3, weight: 9), .init(lane: 8, weight: 1)], salt: 42)
    var lanes: [UInt64: Int] = [:]
    for first in stride(from: UInt64(0), to: 640, by: 32) {
      // Every user comes in two frames, at different places.
      let keys = (0..<64).map { (first + $0) % 640 }
      let parts = route.parts(userKeys: keys)
      var seen = UserMask()
      for part in parts {
        #expect(!part.users.isEmpty)
        for user in keys.indices where part.users.contains(user) {
          #expect(!seen.contains(user))
          seen.insert(user)
          #expect(lanes[keys[user], default: part.lane] == part.lane)
          lanes[keys[user]] = part.lane
        }
      }
      #expect(seen == UserMask(first: 64))
    }
  }

  @Test("shares get their part of the users, of keys in a row and of keys far apart")
  func shares() {
    let route = Route(
      shares: [
        .init(lane: 0, weight: 100), .init(lane: 1, weight: 4_900), .init(lane: 2, weight: 5_000),
      ], salt: 7)
    for factor in [1, 1 << 32, 0x9E37_79B9] as [UInt64] {
      var counts = [0, 0, 0]
      for key in 0..<UInt64(20_000) {
        counts[route.parts(userKeys: [key &* factor])[0].lane] += 1
      }
      #expect(abs(counts[0] - 200) < 60)
      #expect(abs(counts[1] - 9_800) < 300)
    }
  }

  @Test("the smallest weights share as well as large ones")
  func smallWeights() {
    let route = Route(shares: [.init(lane: 0, weight: 1), .init(lane: 1, weight: 1)], salt: 7)
    let first = (0..<UInt64(10_000)).count { route.parts(userKeys: [$0])[0].lane == 0 }
    #expect(abs(first - 5_000) < 300)
  }

  @Test("another salt chooses other users")
  func salts() {
    let shares = [Route.Share(lane: 0, weight: 5_000), Route.Share(lane: 1, weight: 5_000)]
    let (one, other) = (Route(shares: shares, salt: 1), Route(shares: shares, salt: 2))
    let both = (0..<UInt64(10_000)).count {
      one.parts(userKeys: [$0])[0].lane == 0 && other.parts(userKeys: [$0])[0].lane == 0
    }
    #expect(abs(both - 2_500) < 200)
  }
}

@Suite("Routing table")
struct RoutingTableTests {
  /// Versions 1 and 2 of `coupon`, of other signatures, in lanes 0 and 1.
  private func open(
    in table: inout RoutingTable
  ) -> (RoutingTable.Target, RoutingTable.Target) {
    let versions = [
      RoutingTable.Version.sample("coupon", 1), .sample("coupon", 2, hash: 8),
    ]
    for (lane, version) in versions.enumerated() { table.open(version, lane: lane) }
    return (.init(lane: 0, versions[0]), .init(lane: 1, versions[1]))
  }

  @Test("an alias keeps its slot over promotions, removal and return")
  func slots() throws {
    var table = RoutingTable()
    let alias = BindBody(.model, "coupon", target: .alias("production"))
    let (first, second) = open(in: &table)
    #expect(table.point(model: "coupon", alias: "production", to: first)?.servedLanes == 0b01)
    let slot = try table.bind(alias).get().slot
    let promotion = table.point(model: "coupon", alias: "production", to: second)
    let change = try #require(promotion)
    #expect(change.servedLanes == 0b10)
    #expect(change.slots[slot] == Routes.Slot(route: Route(lane: 1), signatureHash: 8))
    #expect(table.bind(alias).map(\.version) == .success(2))
    let removed = table.point(model: "coupon", alias: "production", to: nil)
    let removal = try #require(removed)
    #expect(removal.slots[slot] == .some(nil))
    #expect(removal.servedLanes == 0)
    #expect(table.bind(alias).map(\.slot) == .failure(.unknownAlias))
    _ = table.point(model: "coupon", alias: "production", to: first)
    #expect(table.bind(alias).map(\.slot) == .success(slot))
  }

  @Test("removing an alias that never was takes no slot")
  func unknown() {
    var table = RoutingTable()
    #expect(table.point(model: "coupon", alias: "never", to: nil)?.slots.isEmpty == true)
  }

  @Test("there is a bound on aliases; those that are followed go on")
  func aliasLimit() {
    var table = RoutingTable()
    let (first, second) = open(in: &table)
    for alias in 0..<ServingLimits.aliasesMax {
      #expect(table.point(model: "coupon", alias: "a\(alias)", to: first) != nil)
    }
    #expect(table.point(model: "coupon", alias: "more", to: first) == nil)
    #expect(table.point(model: "coupon", alias: "a0", to: second) != nil)
    _ = table.point(model: "coupon", alias: "a1", to: nil)
    #expect(table.point(model: "coupon", alias: "more", to: first) != nil)
  }
}
