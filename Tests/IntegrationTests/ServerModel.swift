import Foundation
import LMDBStore
import ModelGraph
import ModelRegistry
import TesseraWire
import SeededRandom

/// A registry in a folder of its own with small random models called `coupon`; removed with the value.
final class ServerRegistry: Sendable {
  let path: String
  let registry: Registry
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/tessera-server-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    path = folder + "/registry"
    registry = try Registry(path: path, access: .readWrite)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Versions 1…count of the same signature, the first one promoted.
  static func sample(versions count: Int = 1, units: Int = 16) throws -> ServerRegistry {
    let sample = try ServerRegistry()
    for seed in 1...count { _ = try sample.add(seed: UInt64(seed), units: units) }
    try sample.promote(1)
    return sample
  }

  /// Imports another version and returns its number.
  /// - Parameters:
  ///   - face: name of the coupon column; another name is another signature.
  ///   - faceDeviation: what its values are divided by.
  ///   - output: name of the output.
  ///   - isWide: whether two vectors are answered as well, of a coupon and of a user.
  func add(
    seed: UInt64, units: Int = 16, face: String = "face", faceDeviation: Double = 1,
    output: String = "redeem", isWide: Bool = false
  ) throws -> UInt32 {
    let source = folder + "/source-\(seed)"
    try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
    let json = Self.json(
      units: units, face: face, faceDeviation: faceDeviation, output: output,
      more: isWide ? ["hidden", "history"] : [])
    let graph = try TypedGraph(try ModelDescription(json: Array(json.utf8)))
    var numbers = SeededGenerator(seed: seed)
    let tensors = graph.requiredTensors.map { required in
      let values = (0..<required.shape.reduce(1, *)).map { _ in
        Float.random(in: -0.5...0.5, using: &numbers)
      }
      return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
    }
    var frames: [UInt8] = []
    for request in 0..<4 {
      try ServerRequest.random(&numbers).encodeFrame(
        requestID: UInt64(request), signature: graph.signature, into: &frames)
    }
    for (name, bytes) in [
      ("model.json", Array(json.utf8)), ("weights.safetensors", SafetensorsFile.encode(tensors)),
      ("warmup.frames", frames),
    ] {
      try Data(bytes).write(to: URL(filePath: source + "/" + name))
    }
    try registry.importModel(folder: source, change: Self.change())
    return try registry.versions(of: "coupon").last?.version ?? 0
  }

  func promote(_ version: UInt32, alias: String = "production") throws {
    _ = try registry.promote(
      model: "coupon", version: version, alias: alias, change: Self.change())
  }

  /// Points an alias to several versions with their weights, as a later release will.
  ///
  /// - Parameter pinned: what is pinned, where that is not the manifest of the version.
  func point(
    _ alias: String, to shares: [(version: UInt32, weight: Int)], shadows: [UInt32] = [],
    pinned: Digest? = nil
  ) throws {
    func pin(_ version: UInt32, _ more: String) throws -> String {
      let digest = try pinned ?? registry.manifest(model: "coupon", version: version).digest
      return #"{"manifest": "\#(digest)", "version": \#(version)\#(more)}"#
    }
    let answering = try shares.map { try pin($0.version, #", "weight": \#($0.weight)"#) }
    let watching = try shadows.map { try pin($0, "") }
    let target =
      #"{"shadows": [\#(watching.joined(separator: ","))], "#
      + #""shares": [\#(answering.joined(separator: ","))]}"#
    try replace(
      Array("model\0coupon\0\(alias)".utf8), in: "aliases",
      with: Array(#"{"history": [], "since": "2027", "target": \#(target)}"#.utf8))
  }

  func rollback() throws { _ = try registry.rollback(model: "coupon", change: Self.change()) }

  /// Overwrites a tensor of a version with bytes that have another digest.
  func damage(_ version: UInt32) throws {
    let manifest = try registry.manifest(model: "coupon", version: version).manifest
    try replace(
      manifest.tensors[0].blob.digest.bytes, in: "blobs", with: [UInt8](repeating: 7, count: 40))
  }

  /// Puts other bytes under a key.
  func replace(_ key: [UInt8], in database: String, with value: [UInt8]) throws {
    try Environment(path: path, access: .readWrite).write { transaction throws(StoreError) in
      try transaction.put(value, for: key, in: database)
    }
  }

  /// What stands under a key.
  func value(_ key: [UInt8], in database: String) throws -> [UInt8]? {
    try Environment(path: path, access: .readOnly).read { transaction throws(StoreError) in
      try transaction.value(for: key, in: database)
    }
  }

  /// Flips bits of a byte of the data file, as a bad disk would: no transaction, no new generation.
  ///
  /// - Parameters:
  ///   - bytes: the byte is counted from where these stand, in pages that are in use and in old ones.
  func flip(_ bits: UInt8, at offset: Int, from bytes: [UInt8]) throws {
    let file = URL(filePath: "\(path)/data.mdb")
    let content = try Data(contentsOf: file)
    let handle = try FileHandle(forUpdating: file)
    var rest = 0..<content.count
    while let place = content.range(of: Data(bytes), in: rest) {
      let position = place.lowerBound + offset
      try handle.seek(toOffset: UInt64(position))
      try handle.write(contentsOf: Data([content[position] ^ bits]))
      rest = place.upperBound..<content.count
    }
    try handle.close()
  }

  /// A folder beside the registry's.
  func beside(_ name: String) -> String { folder + "/" + name }

  /// Ends the reader of the server of this process that follows this registry.
  func killReader() throws {
    for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
      guard let id = pid_t(entry),
        let line = try? String(contentsOfFile: "/proc/\(id)/cmdline", encoding: .utf8),
        line.split(separator: "\0").suffix(2) == ["--read-registry", Substring(path)]
      else { continue }
      kill(id, SIGKILL)
    }
  }

  private static func change() -> Change {
    Change(who: "deploy@trainer", now: Date(timeIntervalSince1970: 1_772_358_600), why: nil)
  }

  private static func json(
    units: Int, face: String, faceDeviation: Double, output: String, more: [String]
  ) -> String {
    """
    {"format": 1, "name": "coupon", "limits": {"events": 32, "coupons": 16},
     "inputs": [
      {"name": "spend", "axis": "user", "kind": "number", "log1p": true},
      {"name": "item", "axis": "event", "kind": "id", "values": "integer", "hash_buckets": 50},
      {"name": "\(face)", "axis": "coupon", "kind": "number", "deviation": \(faceDeviation)}],
     "nodes": [
      {"name": "event", "op": "embedding", "inputs": ["item"], "table": "items", "width": 8},
      {"name": "history", "op": "lstm", "inputs": ["event"], "units": \(units), "layers": 1,
       "bidirectional": false, "returns": "state"},
      {"name": "all", "op": "concat", "inputs": ["spend", "history", "\(face)"]},
      {"name": "hidden", "op": "linear", "inputs": ["all"], "units": 8, "activation": "relu"},
      {"name": "logit", "op": "linear", "inputs": ["hidden"], "units": 1},
      {"name": "\(output)", "op": "sigmoid", "inputs": ["logit"]}],
     "outputs": \([output] + more)}
    """
  }
}

/// Requests to the model of `ServerRegistry`.
enum ServerRequest {
  /// One user of random lengths; 0 events is among them.
  static func random(_ numbers: inout SeededGenerator) -> ScoreBody {
    make(
      users: 1, events: Int.random(in: 0...32, using: &numbers),
      coupons: Int.random(in: 1...16, using: &numbers), &numbers)
  }

  /// Users of the same lengths.
  static func make(
    users: Int, events: Int, coupons: Int, deadlineMicroseconds: UInt32 = 10_000_000,
    _ numbers: inout SeededGenerator
  ) -> ScoreBody {
    ScoreBody(
      handle: 0, deadlineMicroseconds: deadlineMicroseconds,
      users: (0..<users).map { _ in .init(events: events, coupons: coupons) },
      columns: [
        .numbers((0..<users).map { _ in Float.random(in: 0...100, using: &numbers) }),
        .integers((0..<users * events).map { _ in Int64.random(in: 0...1_000, using: &numbers) }),
        .numbers((0..<users * coupons).map { _ in Float.random(in: 0...5, using: &numbers) }),
      ])
  }

  /// A random request, by its seed.
  static func random(seed: UInt64) -> ScoreBody {
    var numbers = SeededGenerator(seed: seed)
    return random(&numbers)
  }
}
