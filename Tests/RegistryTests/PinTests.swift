import Foundation
import ModelRegistry
import Testing

@Suite("A version is what its pins and the audit trail say")
struct PinTests {
  let folder = TemporaryFolder()
  private let first = Array("model\0coupon\0".utf8) + [0, 0, 0, 1]
  private let second = Array("model\0coupon\0".utf8) + [0, 0, 0, 2]
  private let production = Array("model\0coupon\0production".utf8)

  private func refusal(_ body: () throws -> Void) -> RegistryError? {
    do { try body() } catch { return error as? RegistryError }
    return nil
  }

  private func command(_ words: String..., at registry: Registry) throws -> (Int32, String) {
    let run = try Command(["--registry", registry.path] + words).finish()
    return (run.status, run.output + run.errors)
  }

  /// The record of version 1 made to name the manifest of version 2, all else as it was.
  private func exchangeManifest(in registry: Registry) throws {
    let records = try #require(try content(of: registry.path)["versions"])
    var record = try CanonicalJSON.decode(
      VersionRecord.self, from: try #require(records[first]), at: "record")
    record.manifest = try registry.manifest(model: "coupon", version: 2).digest
    try replace(
      first, in: "versions", with: CanonicalJSON.encode(record), at: registry.path)
  }

  @Test("A record that was made to name another manifest is refused, also where nothing pins it")
  func exchanged() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try exchangeManifest(in: registry)
    for refused in [
      refusal { _ = try registry.load(model: "coupon", version: 1) },
      refusal { try registry.promote(model: "coupon", version: 1, change: .test()) },
    ] {
      #expect(refused?.code == .damaged)
      #expect(refused?.message.contains("made of other files") == true)
    }
    let (status, text) = try command("verify", at: registry)
    #expect(status == 1 && text.contains("record of coupon version 1: names manifest"))
    #expect(try command("show", "coupon", "1", at: registry).0 == 1)
  }

  @Test("A whole record that was exchanged is refused where an alias pins another manifest")
  func pinned() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test())
    let records = try #require(try content(of: registry.path)["versions"])
    try replace(first, in: "versions", with: try #require(records[second]), at: registry.path)
    let before = try content(of: registry.path)
    for refused in [
      refusal {
        try registry.promote(model: "coupon", version: 1, alias: "canary", change: .test())
      },
      refusal { try registry.rollback(model: "coupon", change: .test()) },
    ] {
      #expect(refused?.code == .damaged)
      #expect(refused?.message.contains("alias production pins") == true)
    }
    #expect(try content(of: registry.path) == before)
    #expect(try command("verify", at: registry).0 == 1)
  }

  @Test("An alias that pins a manifest of zeros is refused by verification, promotion and rollback")
  func zeros() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    let digest = try registry.manifest(model: "coupon", version: 1).digest
    let zero = "sha256:" + String(repeating: "0", count: 64)
    let record = try #require(try content(of: registry.path)["aliases"]?[production])
    let spoilt = String(decoding: record, as: UTF8.self)
      .replacingOccurrences(of: "\(digest)", with: zero)
    try replace(production, in: "aliases", with: Array(spoilt.utf8), at: registry.path)
    let (status, text) = try command("verify", at: registry)
    #expect(status == 1 && text.contains("pins manifest \(zero)"))
    let refused = refusal { try registry.promote(model: "coupon", version: 1, change: .test()) }
    #expect(refused?.code == .damaged)
    #expect(refused?.message.contains("alias production pins \(zero)") == true)
    // Removing the alias and promoting anew is the way out.
    try registry.remove(model: "coupon", alias: "production", change: .test())
    try registry.promote(model: "coupon", version: 1, change: .test())
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test("What was damaged into another well-formed record, or away, contradicts the audit trail")
  func contradictions() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test())
    let good = try content(of: registry.path)
    let record = try #require(good["versions"]?[first])
    let alias = try #require(good["aliases"]?[production])

    func problems(_ name: String, _ key: [UInt8], _ value: [UInt8]?) throws -> [String] {
      let sound = good[name]?[key]
      try put(value, key, name, registry)
      let found = try registry.verify().problems.map(\.description)
      try put(sound, key, name, registry)
      return found
    }
    let third = Array("model\0coupon\0".utf8) + [0, 0, 0, 3]
    #expect(
      try problems("versions", third, record)
        == ["coupon version 3: is there, but the audit trail says that it never was"])
    #expect(
      try problems("versions", second, nil).contains(
        "coupon version 2: is not there, but the audit trail says that it is there"))
    let other = Array("model\0coupon\0qroduction".utf8)
    #expect(
      try problems("aliases", other, alias)
        == [
          "alias qroduction of coupon: points to version 2, but the audit trail says that it never was"
        ])
    #expect(
      try problems("aliases", production, nil)
        == [
          "alias production of coupon: is not there, but the audit trail says that it points to version 2"
        ])
    let removal = Array(#"{"removed": "2026-03-01T09:50:00.000Z"}"#.utf8)
    #expect(
      try problems("aliases", production, removal)
        == [
          "alias production of coupon: was removed, but the audit trail says that it points to version 2"
        ])
    #expect(try registry.verify().problems.isEmpty)
  }

  private func put(
    _ value: [UInt8]?, _ key: [UInt8], _ name: String, _ registry: Registry
  ) throws {
    if let value {
      try replace(key, in: name, with: value, at: registry.path)
    } else {
      try erase(key, in: name, at: registry.path)
    }
  }
}
