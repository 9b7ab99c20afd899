import Foundation
import ModelGraph
import ModelRegistry
import Testing

@Suite("Importing models")
struct ImportTests {
  let folder = TemporaryFolder()

  private func registry() throws -> Registry {
    try Registry(path: folder / "registry", access: .readWrite)
  }

  @Test("An imported float32 model comes back bit for bit, with its warm-up and its metrics")
  func float32() throws {
    let model = try SampleModel(seed: 1)
    let registry = try registry()
    let result = try registry.importModel(
      folder: model.write(to: folder / "source"), precision: .float32,
      change: .test(why: "first try"))
    #expect((result.model, result.version, result.isNew) == ("coupon", 1, true))
    let stored = try registry.load(model: "coupon", version: 1)
    #expect(Set(stored.tensors) == Set(model.tensors))
    #expect(stored.warmup == model.warmup)
    #expect(stored.digest == result.digest)
    let record = try registry.version(model: "coupon", 1)
    #expect(record.note == "first try")
    #expect(record.created == "2026-03-01T09:50:00.000Z")
    #expect(
      stored.manifest.metrics == .object(["auc": .number(0.71), "pairs": .integer(1200)]))
  }

  @Test("An int8 import is the quantisation of the model graph, and its error is in the manifest")
  func int8() throws {
    let model = try SampleModel(seed: 2)
    let registry = try registry()
    try registry.importModel(folder: model.write(to: folder / "source"), change: .test())
    let stored = try registry.load(model: "coupon", version: 1)
    let source = Dictionary(uniqueKeysWithValues: model.tensors.map { ($0.name, $0) })
    for (tensor, entry) in zip(stored.tensors, stored.manifest.tensors) {
      let original = try #require(source[tensor.name])
      guard entry.dtype == .int8 else {
        #expect(tensor == original)
        #expect(entry.quantisation == nil)
        continue
      }
      let (quantised, report) = original.quantised()
      #expect(tensor == quantised)
      #expect(entry.quantisation?.maxAbsoluteError == report.maxAbsoluteError)
      #expect(entry.quantisation?.relativeRMSError == report.relativeRMSError)
    }
    #expect(stored.manifest.tensors.filter { $0.dtype == .int8 }.count == 3)
  }

  @Test("The same files give the same version again, another precision gives a new one")
  func again() throws {
    let source = try SampleModel(seed: 3).write(to: folder / "source")
    let registry = try registry()
    let first = try registry.importModel(folder: source, change: .test())
    let before = try content(of: registry.path)
    let second = try registry.importModel(folder: source, change: .test(why: "again"))
    #expect((second.version, second.isNew, second.digest) == (1, false, first.digest))
    #expect(try content(of: registry.path) == before)
    let third = try registry.importModel(folder: source, precision: .float32, change: .test())
    #expect((third.version, third.isNew) == (2, true))
  }

  @Test("Each model counts its own versions from 1")
  func names() throws {
    let registry = try Registry.sample(in: folder, versions: 2)
    let other = try registry.importModel(
      folder: folder / "source-1", name: "coupon.eu", change: .test())
    #expect((other.model, other.version) == ("coupon.eu", 1))
    #expect(try registry.objects().map(\.name) == ["coupon", "coupon.eu"])
    #expect(try registry.versions(of: "coupon").map(\.version) == [1, 2])
  }

  @Test("Versions share the blobs that did not change")
  func sharing() throws {
    var model = try SampleModel(seed: 4)
    let registry = try registry()
    try registry.importModel(folder: model.write(to: folder / "one"), change: .test())
    let before = try content(of: registry.path)["blobs"]?.count ?? 0
    let index = try #require(model.tensors.firstIndex { $0.name == "logit.bias" })
    model.tensors[index].storage = .float32([0.25])
    try registry.importModel(folder: model.write(to: folder / "two"), change: .test())
    #expect(try content(of: registry.path)["blobs"]?.count == before + 1)
  }

  /// A way to spoil a model folder, and words that the refusal must hold.
  struct Refusal: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var code: RegistryError.Code
    var words: [String]
    var spoil: @Sendable (inout SampleModel) -> Void
  }

  static let refusals: [Refusal] = [
    Refusal(
      testDescription: "an unknown operation", code: .refusedModel,
      words: ["model.json", "dreams", "nodes[1].op"]
    ) { $0.json = $0.json.replacingOccurrences(of: "\"pool\"", with: "\"dreams\"") },
    Refusal(
      testDescription: "JSON that ends too early", code: .refusedModel, words: ["model.json"]
    ) { $0.json.removeLast(3) },
    Refusal(
      testDescription: "a tensor of the wrong shape", code: .refusedModel,
      words: ["weights.safetensors", "items", "[21, 8]"]
    ) { model in
      model.tensors.replace("items") { $0.shape = [8, 21] }
    },
    Refusal(
      testDescription: "a missing tensor", code: .refusedModel,
      words: ["weights.safetensors", "hidden.bias", "missing"]
    ) { $0.tensors.removeAll { $0.name == "hidden.bias" } },
    Refusal(
      testDescription: "an unused tensor", code: .refusedModel,
      words: ["weights.safetensors", "left_over"]
    ) {
      $0.tensors.append(TensorData(name: "left_over", shape: [1], storage: .float32([1])))
    },
    Refusal(
      testDescription: "a NaN", code: .refusedModel,
      words: ["weights.safetensors", "logit.bias", "NaN"]
    ) { model in
      model.tensors.replace("logit.bias") { $0.storage = .float32([.nan]) }
    },
    Refusal(
      testDescription: "a warm-up of another signature", code: .refusedModel,
      words: ["warmup.frames", "frame 0"]
    ) { model in
      model.json = model.json.replacingOccurrences(
        of: "\"face\", \"axis\": \"coupon\"", with: "\"face\", \"axis\": \"coupon\", \"mean\": 1")
      model.warmup = model.warmup.map { Array($0.dropLast()) }
    },
    Refusal(
      testDescription: "metrics that are not JSON", code: .refusedModel, words: ["metrics.json"]
    ) { $0.metrics = "auc = 0.7" },
    Refusal(
      testDescription: "metrics with a number beyond float64", code: .refusedModel,
      words: ["metrics.json"]
    ) { $0.metrics = #"{"auc": 1e400}"# },
    Refusal(
      testDescription: "metrics of 64 arrays that are nested 500 deep", code: .refusedModel,
      words: ["metrics.json", "nested more than \(ModelLimits.jsonDepthMax) deep (line 1, column"]
    ) { model in
      let array = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
      model.metrics = "[" + Array(repeating: array, count: 64).joined(separator: ",") + "]"
    },
    Refusal(
      testDescription: "metrics that could not be read again a level deeper", code: .limit,
      words: ["manifest", "nested more than \(ModelLimits.jsonDepthMax) deep"]
    ) { model in
      let depth = ModelLimits.jsonDepthMax
      model.metrics =
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    },
    Refusal(
      testDescription: "a metric that stands twice", code: .refusedModel,
      words: ["metrics.json", "\"auc\" stands twice in one object (line 1, column 14)"]
    ) { $0.metrics = #"{"auc": 0.5, "auc": 0.7}"# },
    Refusal(
      testDescription: "several faults of tensors at once", code: .refusedModel,
      words: [
        "4 faults", "(1) tensor \"items\": has shape [8, 21]",
        "tensor \"hidden.bias\": is missing", "tensor \"logit.bias\": number 0 is NaN",
        "tensor \"left_over\": is used by no node",
      ]
    ) { model in
      model.tensors.replace("items") { $0.shape = [8, 21] }
      model.tensors.replace("logit.bias") { $0.storage = .float32([.nan]) }
      model.tensors.replace("hidden.bias") { $0.name = "left_over" }
    },
    Refusal(
      testDescription: "metrics over the limit", code: .limit, words: ["metrics.json", "65536"]
    ) { $0.metrics = "\"" + String(repeating: "x", count: 1 << 17) + "\"" },
  ]

  @Test(
    "A model with a fault is refused with its place, and nothing is written", arguments: refusals)
  func refused(_ refusal: Refusal) throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let before = try content(of: registry.path)
    let generation = try registry.generation()
    var model = try SampleModel(seed: 9)
    refusal.spoil(&model)
    let source = try model.write(to: folder / "spoilt")
    let error = #expect(throws: RegistryError.self) {
      try registry.importModel(folder: source, change: .test())
    }
    #expect(error?.code == refusal.code)
    let text = error?.description ?? ""
    for word in refusal.words { #expect(text.contains(word)) }
    #expect(error?.description.contains("\n") == false)
    #expect(try registry.generation() == generation)
    #expect(try content(of: registry.path) == before)
  }

  @Test("A name that is none is refused, and nothing is written")
  func badName() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let before = try content(of: registry.path)
    let error = #expect(throws: RegistryError.self) {
      try registry.importModel(folder: folder / "source-1", name: "cou pon", change: .test())
    }
    #expect(error?.code == .badName)
    #expect(try content(of: registry.path) == before)
  }

  @Test("A folder without weights, and a folder that is none, are refused by the file's name")
  func missingFiles() throws {
    let registry = try registry()
    let source = try SampleModel(seed: 1).write(to: folder / "source")
    try FileManager.default.removeItem(atPath: "\(source)/weights.safetensors")
    let first = #expect(throws: RegistryError.self) {
      try registry.importModel(folder: source, change: .test())
    }
    #expect(first?.code == .unreadableFile)
    #expect(first?.place.hasSuffix("weights.safetensors") == true)
    let second = #expect(throws: RegistryError.self) {
      try registry.importModel(folder: folder / "nowhere", change: .test())
    }
    #expect(second?.place == folder / "nowhere")
    #expect(second?.message == "there is no such folder")
    let third = #expect(throws: RegistryError.self) {
      try registry.importModel(folder: "\(source)/model.json", change: .test())
    }
    #expect(third?.message.contains("is not a folder") == true)
    #expect(try registry.objects().isEmpty)
  }

  @Test("Learned positions with more rows than the model's limit are stored and load again")
  func longerPositions() throws {
    var model = try SampleModel(seed: 1)
    model.json = model.json.replacingOccurrences(
      of: #"{"name": "history", "op": "pool", "inputs": ["event"], "mode": "mean"}"#,
      with: """
        {"name": "attended", "op": "transformer", "inputs": ["event"], "layers": 1, "heads": 1,
         "feed_forward": 4, "norm": "pre", "causal": true, "activation": "relu",
         "positions": "learned", "epsilon": 1e-5},
        {"name": "history", "op": "pool", "inputs": ["attended"], "mode": "mean"}
        """)
    let graph = try TypedGraph(ModelDescription(json: Array(model.json.utf8)))
    model.tensors = graph.requiredTensors.map { required in
      let shape =
        required.rowsMayExceed ? [required.shape[0] + 3, required.shape[1]] : required.shape
      let values = [Float](repeating: 0.25, count: shape.reduce(1, *))
      return TensorData(name: required.name, shape: shape, storage: .float32(values))
    }
    let registry = try registry()
    try registry.importModel(folder: model.write(to: folder / "source"), change: .test())
    let stored = try registry.load(model: "coupon", version: 1)
    #expect(stored.tensors.first { $0.name == "attended.positions" }?.shape == [19, 8])
    try registry.promote(model: "coupon", version: 1, change: .test())
  }

  @Test("A registry opened for reading imports nothing")
  func readOnly() throws {
    let writer = try Registry.sample(in: folder, versions: 1)
    let reader = try Registry(path: writer.path, access: .readOnly)
    let error = #expect(throws: RegistryError.self) {
      try reader.importModel(folder: folder / "source-1", name: "other", change: .test())
    }
    #expect(error?.code == .readOnly)
    #expect(try writer.objects().map(\.name) == ["coupon"])
  }

  @Test("An import larger than the map makes the map grow")
  func growth() throws {
    let registry = try Registry(
      path: folder / "registry", access: .readWrite, mapBytesInitial: 1 << 20)
    let source = try SampleModel(seed: 5, width: 16_000).write(to: folder / "source")
    for name in ["a", "b"] {
      try registry.importModel(
        folder: source, name: name, precision: name == "a" ? .float32 : .int8, change: .test())
    }
    for name in ["a", "b"] {
      #expect(try registry.load(model: name, version: 1).tensors.count == 5)
    }
  }
}

extension [TensorData] {
  fileprivate mutating func replace(_ name: String, with change: (inout TensorData) -> Void) {
    for index in indices where self[index].name == name { change(&self[index]) }
  }
}
