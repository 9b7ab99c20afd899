// FORMAT.md and the vectors beside it, held to what the code does.

import Foundation
import LMDBStore
import ModelGraph
import ModelRegistry
import Testing

@Suite("The written format")
struct FormatTests {
  let folder = TemporaryFolder()

  private static let home = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Registry")

  private func file(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Self.home.appending(path: path)))
  }

  /// The fenced block of FORMAT.md with this word after its language.
  private func block(_ word: String) throws -> String {
    let text = String(decoding: try file("FORMAT.md"), as: UTF8.self)
    let block = try #require(text.firstRange(of: " \(word)\n"))
    let rest = text[block.upperBound...]
    return String(rest[..<(try #require(rest.firstRange(of: "\n```")).lowerBound)])
  }

  private func canonical(_ text: String) throws -> String {
    let value = try CanonicalJSON.decode(JSONValue.self, from: Array(text.utf8), at: "page")
    return String(decoding: CanonicalJSON.encode(value), as: UTF8.self)
      .replacing(/sha256:[0-9a-f]{64}/, with: "sha256:<digest>")
  }

  @Test("The keys and records of the page are those that are written")
  func records() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    try registry.promote(model: "coupon", version: 1, change: .test())
    try registry.promote(model: "coupon", version: 2, change: .test(why: "better"))
    let content = try content(of: registry.path)
    let keys = databaseNames.filter { $0 != "blobs" && $0 != "manifests" }.flatMap { name in
      (content[name] ?? [:]).keys.map { key in
        "\(name) " + key.map { String(format: "%02x", $0) }.joined()
      }
    }
    let written = try block("keys").split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    #expect(keys.sorted() == written.sorted())
    #expect(content["meta"]?.values.first == Array("2".utf8))
    for (database, word) in [
      ("versions", "version-record"), ("aliases", "alias-record"), ("audit", "audit-record"),
    ] {
      let records = try #require(content[database])
      let last = try #require(records.max { $0.key.lexicographicallyPrecedes($1.key) })
      let stored = String(decoding: last.value, as: UTF8.self)
      #expect(try canonical(stored) == canonical(try block(word)))
      // Stored canonically: encoding it again changes nothing but the digests.
      #expect(
        try canonical(stored) == stored.replacing(/sha256:[0-9a-f]{64}/, with: "sha256:<digest>"))
    }
    for name in ["blobs", "manifests"] {
      for (key, value) in content[name] ?? [:] { #expect(Digest(of: value).bytes == key) }
    }
  }

  @Test("The limits of the page are those of the code")
  func limits() throws {
    let text = String(decoding: try file("FORMAT.md"), as: UTF8.self)
    let limits: [(String, Int)] = [
      ("nameBytesMax", RegistryLimits.nameBytesMax),
      ("tensorBytesMax", RegistryLimits.tensorBytesMax),
      ("modelBytesMax", RegistryLimits.modelBytesMax),
      ("descriptionBytesMax", RegistryLimits.descriptionBytesMax),
      ("warmupBytesMax", RegistryLimits.warmupBytesMax),
      ("metricsBytesMax", RegistryLimits.metricsBytesMax),
      ("manifestBytesMax", RegistryLimits.manifestBytesMax),
      ("tensorsMax", RegistryLimits.tensorsMax),
      ("aliasHistoryMax", RegistryLimits.aliasHistoryMax),
      ("sharesMax", RegistryLimits.sharesMax), ("shadowsMax", RegistryLimits.shadowsMax),
      ("noteBytesMax", RegistryLimits.noteBytesMax), ("whoBytesMax", RegistryLimits.whoBytesMax),
    ]
    for (name, value) in limits { #expect(text.contains("| `\(name)` | \(value) |")) }
    #expect(text.contains("more aliases of models than\n  \(RegistryLimits.aliasesMax) are there"))
    #expect(text.contains("to more than \(RegistryLimits.liveVersionsMax) versions"))
    #expect(text.contains("nested more than \(ModelLimits.jsonDepthMax) deep"))
    #expect(text.matches(of: /\| `[a-zA-Z]+Max` \|/).count == limits.count)
    // What ties the registry's limits to those of the model graph.
    #expect(RegistryLimits.descriptionBytesMax == ModelLimits.jsonBytesMax)
    #expect(RegistryLimits.tensorBytesMax == 4 * ModelLimits.tensorElementsMax)
    #expect(RegistryLimits.tensorsMax == ModelLimits.tensorsMax)
    #expect(RegistryLimits.tensorBytesMax < StoreLimits.valueBytesMax)
  }

  @Test("A version that another program wrote loads, with the numbers it should have")
  func valid() throws {
    let path = try Registry(path: folder / "registry", access: .readWrite).path
    let manifest = try file("vectors/valid/manifest.json")
    let digest = Digest(of: manifest)
    #expect(String(decoding: try file("FORMAT.md"), as: UTF8.self).contains("`\(digest)`"))
    let parsed = try CanonicalJSON.decode(Manifest.self, from: manifest, at: "vector")
    for (_, blob) in parsed.blobs {
      let name = blob.digest.description.dropFirst("sha256:".count)
      let stored = try file("vectors/valid/\(name).zst")
      try replace(blob.digest.bytes, in: "blobs", with: stored, at: path)
    }
    let record = VersionRecord(
      manifest: digest, content: parsed.content, created: "2026-03-01T09:50:00.000Z",
      note: "a vector")
    try replace(digest.bytes, in: "manifests", with: manifest, at: path)
    try replace(
      Array("model\0tiny\0".utf8) + [0, 0, 0, 1], in: "versions",
      with: CanonicalJSON.encode(record),
      at: path)
    try replace(
      [0, 0, 0, 0, 0, 0, 0, 1] + Array("model\0tiny\0".utf8), in: "audit",
      with: Array(
        #"{"sequence":1,"when":"2026-03-01T09:50:00.000Z","who":"x","action":"import","kind":"model","object":"tiny","version":1}"#
          .utf8),
      at: path)

    let registry = try Registry(path: path, access: .readOnly)
    let stored = try registry.load(model: "tiny", version: 1)
    struct Expected: Decodable {
      var values: [Int8]
      var scales: [Float]
      var bias: [Float]
    }
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(try file("vectors/valid/expected.json")))
    #expect(
      stored.tensors == [
        TensorData(
          name: "logit.weight", shape: [1, 2],
          storage: .int8(values: expected.values, scales: expected.scales)),
        TensorData(name: "logit.bias", shape: [1], storage: .float32(expected.bias)),
      ])
    #expect(try registry.version(model: "tiny", 1).note == "a vector")
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test("Every invalid blob is refused for the reason that its vector gives")
  func invalid() throws {
    struct Case: Decodable {
      var file: String
      var blob: Manifest.Blob
      var because: String
    }
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(try file("vectors/invalid/cases.json")))
    #expect(cases.count >= 10)
    for vector in cases {
      let stored = try file("vectors/invalid/\(vector.file)")
      let error = #expect(throws: RegistryError.self, "\(vector.file)") {
        try vector.blob.content(ofStored: stored, at: vector.file)
      }
      #expect(error?.code == .damaged)
      #expect(error?.message.contains(vector.because) == true, "\(vector.file)")
    }
  }
}
