// What a later release may have written: shown, left alone, never in the way.

import Foundation
import ModelGraph
import ModelRegistry
import Testing

@Suite("Records of later releases, and records that cannot be read")
struct OpenSetTests {
  let folder = TemporaryFolder()

  private let policyKey = Array("policy\0spring\0".utf8)

  /// A registry in which another release has stored a policy with a blob.
  private func withPolicy() throws -> Registry {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    let blob = Array("rules".utf8)
    let manifest = Array(#"{"kind": "policy", "rules": "\#(Digest(of: blob))"}"#.utf8)
    let digest = Digest(of: manifest)
    try replace(Digest(of: blob).bytes, in: "blobs", with: blob, at: registry.path)
    try replace(digest.bytes, in: "manifests", with: manifest, at: registry.path)
    try replace(
      policyKey + [0, 0, 0, 1], in: "versions",
      with: Array(#"{"manifest": "\#(digest)", "created": "2027-01-01T00:00:00.000Z"}"#.utf8),
      at: registry.path)
    try replace(
      policyKey + Array("production".utf8), in: "aliases",
      with: Array(#"{"who knows": [1, 2]}"#.utf8), at: registry.path)
    try replace(
      [0, 0, 0, 0, 0, 0, 0, 4] + policyKey, in: "audit",
      with: Array(
        #"{"sequence": 4, "when": "2027", "who": "x", "action": "reprice", "kind": "policy", "object": "spring"}"#
          .utf8),
      at: registry.path)
    return registry
  }

  @Test(
    "Kinds that are not known are listed, and models are read, changed and reclaimed beside them")
  func kinds() throws {
    let registry = try withPolicy()
    #expect(
      try registry.objects().map { "\($0.kind) \($0.name)" } == ["model coupon", "policy spring"])
    let before = try content(of: registry.path)
    try registry.promote(model: "coupon", version: 2, change: .test())
    try registry.remove(model: "coupon", version: 1, forgettingHistory: true, change: .test())
    _ = try registry.gc(graceSeconds: 0, change: .test())
    let after = try content(of: registry.path)
    for name in ["versions", "aliases", "audit"] {
      for (key, value) in before[name] ?? [:] where key.starts(with: policyKey) {
        #expect(after[name]?[key] == value)
      }
    }
    #expect(after["blobs"]?[Digest(of: Array("rules".utf8)).bytes] != nil)
    let list = try Command("--registry", registry.path, "list").finish()
    #expect(list.status == 0)
    #expect(list.output.contains("policy spring: of a kind that this release does not know"))
  }

  @Test("An action that is not known is shown by its name")
  func actions() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let record =
      #"{"sequence": 2, "when": "2027-01-01T00:00:00.000Z", "who": "later", "action": "reprice", "kind": "model", "object": "coupon"}"#
    try replace(
      [0, 0, 0, 0, 0, 0, 0, 2] + Array("model\0coupon\0".utf8), in: "audit",
      with: Array(record.utf8), at: registry.path)
    #expect(try registry.auditTrail(model: "coupon").last?.action.description == "reprice")
    let shown = try Command("--registry", registry.path, "show", "coupon").finish()
    #expect(shown.status == 0 && shown.output.contains("reprice"))
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test("Databases that are not known are in nobody's way")
  func databases() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    try createDatabase("eighth", at: registry.path)
    let path = registry.path
    #expect(try Registry(path: path, access: .readWrite).versions(of: "coupon").count == 1)
  }

  @Test("The format is read first: a later one is named, whatever its databases are called")
  func later() throws {
    let path = folder / "later"
    try createDatabase("meta", at: path)
    try replace(Array("format".utf8), in: "meta", with: Array("3".utf8), at: path)
    for access in [Registry.Access.readOnly, .readWrite] {
      let error = #expect(throws: RegistryError.self) { try Registry(path: path, access: access) }
      #expect(error?.code == .unknownFormat)
      #expect(error?.message.contains("\"3\"") == true)
    }
  }

  @Test("A split of a later release is read, kept with what is not known, and rolled back to")
  func splits() throws {
    let registry = try Registry.sample(in: folder, versions: 3)
    let digests = try (1...3).map {
      try registry.manifest(model: "coupon", version: UInt32($0)).digest
    }
    let split = """
      {"salt": 7, "shadows": [{"manifest": "\(digests[2])", "version": 3}], "shares": [\
      {"manifest": "\(digests[0])", "version": 1, "weight": 9}, \
      {"manifest": "\(digests[1])", "version": 2, "weight": 1}]}
      """
    let record = #"{"guard": "p99", "history": [], "since": "2027", "target": \#(split)}"#
    let key = Array("model\0coupon\0production".utf8)
    try replace(key, in: "aliases", with: Array(record.utf8), at: registry.path)
    try replace(
      [0, 0, 0, 0, 0, 0, 0, 4] + Array("model\0coupon\0".utf8), in: "audit",
      with: Array(
        #"{"sequence":4,"when":"2027","who":"x","action":"split","kind":"model","object":"coupon","alias":"production","to":\#(split)}"#
          .utf8),
      at: registry.path)
    let target = try #require(try registry.aliases().first?.state.record?.target)
    #expect(target.single == nil)
    #expect("\(target)" == "1 (9 of 10) + 2 (1 of 10), shadow 3")
    #expect(try registry.verify().problems.isEmpty)
    try registry.promote(model: "coupon", version: 2, change: .test())
    #expect(try registry.rollback(model: "coupon", change: .test()).to == target)
    let after = try #require(try registry.aliases().first?.state.record)
    #expect(after.target.other == ["salt": .integer(7)])
    #expect(after.other == ["guard": .string("p99")])
    let error = #expect(throws: RegistryError.self) {
      try registry.remove(model: "coupon", version: 3, change: .test())
    }
    #expect(error?.code == .inUse)
  }

  @Test("A record that cannot be read stops its own alias, version or change, and no other")
  func damaged() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, alias: "canary", change: .test())
    try registry.importModel(folder: folder / "source-1", name: "other", change: .test())
    try registry.promote(model: "other", version: 1, change: .test())
    let good = try content(of: registry.path)
    let key = Array("model\0coupon\0canary".utf8)
    let half = try #require(good["aliases"]?[key]).prefix(40)
    try replace(key, in: "aliases", with: Array(half), at: registry.path)
    try replace([0x41], in: "aliases", with: [1], at: registry.path)
    let entries = try registry.aliasesNow().aliases
    #expect(entries.map(\.alias) == ["canary", "production", "production"])
    #expect(entries.map { $0.state.record != nil } == [false, true, true])
    guard case .damaged(let error) = entries[0].state else {
      Issue.record("the damage is not told")
      return
    }
    #expect(error.place.contains("alias canary of coupon"))
    #expect(try registry.verify().problems.count == 2)
    // Promoting repairs it.
    try registry.promote(model: "coupon", version: 2, alias: "canary", change: .test())
    #expect(try registry.aliases().map(\.version) == [2, 1])

    try replace(
      Array("model\0coupon\0".utf8) + [0, 0, 0, 1], in: "versions", with: [1], at: registry.path)
    #expect(try registry.load(model: "coupon", version: 2).version == 2)
    let list = try Command("--registry", registry.path, "list").finish()
    #expect(list.status == 1)
    #expect(list.output.contains("other") && list.output.contains("coupon  2"))
    #expect(list.errors.contains("damaged: record of coupon version 1"))
  }

  @Test("The trail of a model is read without the records of others")
  func trails() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    try registry.importModel(folder: folder / "source-1", name: "other", change: .test())
    try replace(
      [0, 0, 0, 0, 0, 0, 0, 2] + Array("model\0other\0".utf8), in: "audit", with: [1],
      at: registry.path)
    #expect(try registry.auditTrail(model: "coupon").count == 1)
    #expect(throws: RegistryError.self) { try registry.auditTrail(model: "other") }
    #expect(try Command("--registry", registry.path, "show", "coupon").finish().status == 0)
  }

  @Test("A version whose record names another manifest than the alias pins is refused with both")
  func pins() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    let pinned = try #require(try registry.aliases().first?.state.record?.target.single?.manifest)
    #expect(try registry.load(model: "coupon", version: 1, pinned: pinned).digest == pinned)
    let other = try #require(
      try content(of: registry.path)["versions"]?[Array("model\0coupon\0".utf8) + [0, 0, 0, 2]])
    try replace(
      Array("model\0coupon\0".utf8) + [0, 0, 0, 1], in: "versions", with: other, at: registry.path)
    let second = try registry.manifest(model: "coupon", version: 2).digest
    for digest in [pinned, Digest(of: [])] {
      let error = #expect(throws: RegistryError.self) {
        try registry.load(model: "coupon", version: 1, pinned: digest)
      }
      #expect(error?.code == .damaged)
      #expect(error?.message.contains("\(second)") == true)
      #expect(error?.message.contains("pins \(digest)") == true)
    }
    #expect(try registry.verify().problems.contains { $0.message.contains("pins manifest") })
  }
}
