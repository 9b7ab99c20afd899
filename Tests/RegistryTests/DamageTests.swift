import Foundation
import LMDBStore
import ModelRegistry
import Testing

@Suite("Damaged blobs and records")
struct DamageTests {
  let folder = TemporaryFolder()

  /// Loading the version fails as damaged, with a place that names the blob; verification finds it.
  private func expectDamage(
    _ registry: Registry, naming words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let error = #expect(throws: RegistryError.self, sourceLocation: sourceLocation) {
      try registry.load(model: "coupon", version: 1)
    }
    #expect(error?.code == .damaged, sourceLocation: sourceLocation)
    let text = error?.description ?? ""
    for word in words { #expect(text.contains(word), sourceLocation: sourceLocation) }
    let problems = try registry.verify().problems.map(\.description)
    #expect(problems.contains(text), sourceLocation: sourceLocation)
  }

  @Test("Every flipped bit of every blob is noticed, with the digest and what the blob is")
  func flips() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let manifest = try registry.manifest(model: "coupon", version: 1).manifest
    let blobs = try #require(try content(of: registry.path)["blobs"])
    for (place, blob) in manifest.blobs {
      let stored = try #require(blobs[blob.digest.bytes])
      // Every bit of the frame's header, and one in eleven of the rest.
      for bit in 0..<stored.count * 8 where bit < 64 || bit % 11 == 0 {
        var damaged = stored
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        let error = #expect(throws: RegistryError.self) {
          try blob.content(ofStored: damaged, at: place)
        }
        #expect(error?.code == .damaged)
      }
      var damaged = stored
      damaged[stored.count / 2] ^= 4
      try replace(blob.digest.bytes, in: "blobs", with: damaged, at: registry.path)
      try expectDamage(registry, naming: place, blob.digest.description, "another digest")
      try replace(blob.digest.bytes, in: "blobs", with: stored, at: registry.path)
    }
    #expect(try registry.verify().problems.isEmpty)
  }

  @Test("A blob that was cut or that grew is noticed by its size")
  func sizes() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let blob = try registry.manifest(model: "coupon", version: 1).manifest.tensors[0].blob
    let stored = try #require(try content(of: registry.path)["blobs"]?[blob.digest.bytes])
    for damaged in [Array(stored.dropLast()), stored + [0], [], [stored[0]]] {
      try replace(blob.digest.bytes, in: "blobs", with: damaged, at: registry.path)
      try expectDamage(
        registry, naming: blob.digest.description, "has \(damaged.count) bytes")
    }
  }

  @Test("Two blobs that were swapped are both noticed")
  func swaps() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let tensors = try registry.manifest(model: "coupon", version: 1).manifest.tensors
    let (first, second) = (tensors[0], tensors[1])
    let blobs = try #require(try content(of: registry.path)["blobs"])
    for (one, other) in [(first, second), (second, first)] {
      let bytes = try #require(blobs[other.blob.digest.bytes])
      try replace(one.blob.digest.bytes, in: "blobs", with: bytes, at: registry.path)
    }
    let problems = try registry.verify().problems.map(\.description)
    for tensor in [first, second] {
      #expect(problems.contains { $0.contains(tensor.blob.digest.description) })
    }
    try expectDamage(registry, naming: first.blob.digest.description)
  }

  @Test("A damaged version cannot be promoted; importing the same files again repairs it")
  func repair() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let blob = try registry.manifest(model: "coupon", version: 1).manifest.tensors[1].blob
    let stored = try #require(try content(of: registry.path)["blobs"]?[blob.digest.bytes])
    try replace(
      blob.digest.bytes, in: "blobs", with: stored.map { $0 ^ 1 }, at: registry.path)
    let error = #expect(throws: RegistryError.self) {
      try registry.promote(model: "coupon", version: 1, change: .test())
    }
    #expect(error?.code == .damaged)
    #expect(try registry.aliases().isEmpty)
    let again = try registry.importModel(folder: folder / "source-1", change: .test())
    #expect((again.version, again.isNew, again.repairedBlobs) == (1, false, 1))
    try registry.promote(model: "coupon", version: 1, change: .test())
  }

  @Test("A manifest that was changed is noticed by its digest")
  func manifests() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let (digest, _) = try registry.manifest(model: "coupon", version: 1)
    let stored = try #require(try content(of: registry.path)["manifests"]?[digest.bytes])
    for position in [0, stored.count / 2, stored.count - 1] {
      var damaged = stored
      damaged[position] ^= 1
      try replace(digest.bytes, in: "manifests", with: damaged, at: registry.path)
      try expectDamage(registry, naming: "manifest \(digest)", "another digest")
    }
  }

  @Test("A manifest that claims impossible sizes or shapes is refused before anything is allocated")
  func claims() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let sound = try registry.manifest(model: "coupon", version: 1).manifest
    let spoils: [(inout Manifest) -> Void] = [
      {
        $0.tensors[0].blob.rawBytes = .max; $0.tensors[1].blob.rawBytes = .max
      },
      {
        $0.tensors[0].blob.storedBytes = .max; $0.tensors[1].blob.storedBytes = .max
      },
      { $0.tensors[0].blob.rawBytes = -1 },
      { $0.tensors[0].blob.rawBytes = 1 << 31 },
      { $0.tensors[0].shape = [1 << 62, 4] },
      { $0.tensors[0].shape = [0, 8] },
      { $0.tensors[0].shape = [] },
      { $0.tensors[0].dtype = .float32 },
      { $0.description.rawBytes = 1 << 31 },
      { $0.warmup?.rawBytes = 1 << 30 },
      { $0.tensors.removeLast() },
      { $0.tensors.append($0.tensors[0]) },
      {
        $0.tensors.swapAt(0, 1); $0.tensors[0].name = $0.tensors[1].name
      },
    ]
    for (index, spoil) in spoils.enumerated() {
      var manifest = sound
      spoil(&manifest)
      try replaceManifest(with: manifest, at: registry.path)
      let error = #expect(throws: RegistryError.self, "spoilt manifest \(index)") {
        try registry.load(model: "coupon", version: 1)
      }
      #expect(error?.code == .damaged)
      #expect(try !registry.verify().problems.isEmpty)
    }
  }

  @Test("No blob is asked for that the graph does not need, and none twice")
  func unneeded() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let sound = try registry.manifest(model: "coupon", version: 1).manifest
    /// What is asked for until the manifest is refused, and the most bytes that it may hold.
    func asked(_ spoil: (inout Manifest) -> Void) throws -> [String] {
      var manifest = sound
      spoil(&manifest)
      var places: [String] = []
      let error = #expect(throws: RegistryError.self) {
        try StoredModel(name: "coupon", version: 1, digest: Digest(of: []), manifest: manifest) {
          blob, bytesMax, place throws(RegistryError) in
          places.append("\(place.dropFirst("coupon version 1: ".count)) \(bytesMax)")
          return try registry.content(of: blob, rawBytesMax: bytesMax, at: place)
        }
      }
      #expect(error?.code == .damaged)
      return places
    }
    let description = "description \(RegistryLimits.descriptionBytesMax)"
    // Tensors of 512 MiB each, of one small blob, that no node uses.
    #expect(
      try asked { manifest in
        for index in manifest.tensors.indices {
          manifest.tensors[index].name = "unused \(index)"
          manifest.tensors[index].shape = [1 << 17, 1 << 10]
          manifest.tensors[index].dtype = .float32
          manifest.tensors[index].blob.rawBytes = 1 << 29
        }
      } == [description])
    // One that is used, in the place of all others.
    #expect(
      try asked { manifest in
        for index in manifest.tensors.indices { manifest.tensors[index] = manifest.tensors[0] }
      } == [description, "tensor \"items\" \(21 * 8 + 21 * 4)"])
    // Another size than its shape makes it.
    #expect(
      try asked { $0.tensors[0].blob.rawBytes = 1 << 29 } == [description])
  }

  /// Lets version 1 have another manifest, whose digest is right.
  private func replaceManifest(with manifest: Manifest, at path: String) throws {
    let bytes = CanonicalJSON.encode(manifest)
    let record = VersionRecord(
      manifest: Digest(of: bytes), content: nil, created: "2026-03-01T09:50:00.000Z")
    try replace(record.manifest.bytes, in: "manifests", with: bytes, at: path)
    try replace(
      Array("model\0coupon\0".utf8) + [0, 0, 0, 1], in: "versions",
      with: CanonicalJSON.encode(record), at: path)
  }

  @Test("A verification decompresses nothing of a manifest that was refused")
  func refusedManifest() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    var manifest = try registry.manifest(model: "coupon", version: 1).manifest
    // Sound bytes of a blob that is too small for what is claimed: only decompressing would tell.
    manifest.tensors[0].blob.rawBytes = 1 << 29
    manifest.tensors[0].name = "unused"
    try replaceManifest(with: manifest, at: registry.path)
    let problems = try registry.verify().problems.map(\.description)
    #expect(problems.count == 1)
    #expect(problems.first?.contains("tensor \"unused\": the graph needs none") == true)
  }

  @Test("A key that stands twice in a record or a manifest is damage, with its place")
  func duplicates() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    try registry.promote(model: "coupon", version: 1, change: .test())
    let good = try content(of: registry.path)
    for (name, key) in [("versions", "created"), ("aliases", "since"), ("audit", "who")] {
      let (place, value) = try #require(good[name]?.first)
      let text = String(decoding: value, as: UTF8.self)
      let twice = "{\"\(key)\":\"x\"," + text.dropFirst()
      try replace(place, in: name, with: Array(twice.utf8), at: registry.path)
      let problems = try registry.verify().problems.map(\.description)
      #expect(
        problems.contains { $0.contains("the key \"\(key)\" stands twice in one object (line 1") })
      try replace(place, in: name, with: value, at: registry.path)
    }
    let manifest = try registry.manifest(model: "coupon", version: 1).manifest
    let text = String(decoding: CanonicalJSON.encode(manifest), as: UTF8.self)
    let twice = Array(("{\"format\":2," + text.dropFirst()).utf8)
    let error = #expect(throws: RegistryError.self) {
      try Manifest(verifying: twice, digest: Digest(of: twice), of: "coupon", version: 1)
    }
    #expect(error?.message.contains("the key \"format\" stands twice") == true)
  }

  @Test("Records that are not in the format are damage, not a crash")
  func records() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    try registry.promote(model: "coupon", version: 1, change: .test())
    for name in ["versions", "aliases", "audit"] {
      let (key, value) = try #require(try content(of: registry.path)[name]?.first)
      for damaged in ["", "{}", "[1]", #"{"version":-1}"#, #"{"manifest":"sha256:zz"}"#, "\u{0}"] {
        try replace(key, in: name, with: Array(damaged.utf8), at: registry.path)
        let problems = try registry.verify().problems
        #expect(!problems.isEmpty, "\(name) holds \(damaged)")
        #expect(problems.allSatisfy { $0.code == .damaged })
      }
      try replace(key, in: name, with: value, at: registry.path)
    }
    try replace([0x41], in: "versions", with: Array("{}".utf8), at: registry.path)
    #expect(try !registry.verify().problems.isEmpty)
  }

  @Test("Verification counts what it has seen and finds nothing wrong with a sound registry")
  func sound() throws {
    let registry = try Registry.sample(in: folder, versions: 3)
    try registry.promote(model: "coupon", version: 2, change: .test())
    let report = try registry.verify()
    let stored = try content(of: registry.path)["blobs"] ?? [:]
    #expect(report.problems.isEmpty)
    #expect((report.versions, report.blobs, report.unused) == (3, stored.count, 0))
    #expect(report.storedBytes == stored.values.reduce(0) { $0 + $1.count })
    try replace([UInt8](repeating: 1, count: 32), in: "blobs", with: [1], at: registry.path)
    #expect(try registry.verify().unused == 1)
  }
}
