// A small random model, and the folder that training would have exported.

import Foundation
import ModelGraph
import ModelRegistry
import TesseraWire
import SeededRandom

/// A model folder in the making: change what a test is about, then write it.
struct SampleModel {
  static let json = """
    {"format": 1, "name": "coupon", "limits": {"events": 16, "coupons": 8},
     "inputs": [
      {"name": "spend", "axis": "user", "kind": "number", "log1p": true},
      {"name": "item", "axis": "event", "kind": "id", "values": "integer", "hash_buckets": 20},
      {"name": "face", "axis": "coupon", "kind": "number"}],
     "nodes": [
      {"name": "event", "op": "embedding", "inputs": ["item"], "table": "items", "width": 8},
      {"name": "history", "op": "pool", "inputs": ["event"], "mode": "mean"},
      {"name": "all", "op": "concat", "inputs": ["spend", "history", "face"]},
      {"name": "hidden", "op": "linear", "inputs": ["all"], "units": 6, "activation": "relu"},
      {"name": "logit", "op": "linear", "inputs": ["hidden"], "units": 1},
      {"name": "redeem", "op": "sigmoid", "inputs": ["logit"]}],
     "outputs": ["redeem"]}
    """

  var json = SampleModel.json
  var tensors: [TensorData]
  var warmup: [UInt8]?
  var metrics: String? = #"{"auc": 0.71, "pairs": 1200}"#

  /// - Parameter width: columns of the embedding table; a large one makes a large model.
  init(seed: UInt64, width: Int = 8) throws {
    json = json.replacingOccurrences(of: "\"width\": 8", with: "\"width\": \(width)")
    let graph = try TypedGraph(try ModelDescription(json: Array(json.utf8)))
    var numbers = SeededGenerator(seed: seed)
    tensors = graph.requiredTensors.map { required in
      let values = (0..<required.shape.reduce(1, *)).map { _ in
        Float.random(in: -1...1, using: &numbers)
      }
      return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
    }
    var frames: [UInt8] = []
    let request = ScoreBody(
      handle: 0, users: [.init(events: 2, coupons: 1)],
      columns: [.numbers([12.5]), .integers([3, 4]), .numbers([1])])
    try request.encodeFrame(requestID: 0, signature: graph.signature, into: &frames)
    warmup = frames
  }

  /// Writes the folder and returns its path.
  @discardableResult
  func write(to path: String) throws -> String {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    func put(_ bytes: [UInt8]?, _ name: String) throws {
      guard let bytes else { return }
      try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }
    try put(Array(json.utf8), "model.json")
    try put(SafetensorsFile.encode(tensors), "weights.safetensors")
    try put(warmup, "warmup.frames")
    try put(metrics.map { Array($0.utf8) }, "metrics.json")
    return path
  }
}

extension Change {
  /// Somebody, at a time that does not move.
  static func test(why: String? = nil) -> Change {
    Change(who: "deploy@trainer", now: Date(timeIntervalSince1970: 1_772_358_600), why: why)
  }
}

extension AliasEntry {
  /// The one version that it points to.
  var version: UInt32? { state.record?.target.single?.version }
  /// The versions that rollbacks return to.
  var history: [UInt32?] { state.record?.history.map { $0.single?.version } ?? [] }
}

extension AliasMove {
  /// What moved, in numbers.
  var words: String {
    let from = from?.single.map { "\($0.version)" } ?? "none"
    return "\(from) -> \(to)\(isChange ? "" : ", unchanged")"
  }
}

extension Registry {
  /// The aliases of the model `coupon`.
  func aliases() throws -> [AliasEntry] { try aliases(model: "coupon") }

  /// A registry with versions 1…count of the model `coupon`.
  static func sample(in folder: TemporaryFolder, versions count: Int) throws -> Registry {
    let registry = try Registry(path: folder / "registry", access: .readWrite)
    for seed in 1...count {
      let source = try SampleModel(seed: UInt64(seed)).write(to: folder / "source-\(seed)")
      try registry.importModel(folder: source, change: .test())
    }
    return registry
  }
}
