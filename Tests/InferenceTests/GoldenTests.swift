import Foundation
import Inference
import Kernels
import ModelGraph
import Testing
import TesseraWire

/// A golden case: a model, recorded requests and what Keras says of them.
struct Golden: CustomTestStringConvertible, Sendable {
  let testDescription: String

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "golden")

  static let all: [Golden] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.sorted().map(Golden.init(testDescription:))
  }()

  func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](
      try Data(contentsOf: Self.folder.appending(path: testDescription).appending(path: file)))
  }

  func load() throws -> (graph: TypedGraph, tensors: [TensorData], requests: [Request]) {
    let graph = try TypedGraph(ModelDescription(json: bytes("model.json")))
    let tensors = try SafetensorsFile(bytes: bytes("weights.safetensors")).tensors
    let recorded = try RecordedRequests(decoding: bytes("requests.frames"))
    let requests = try recorded.bodies.map {
      try Request(Array(recorded.bytes[$0]), graph.signature)
    }
    return (graph, tensors, requests)
  }

  func expected() throws -> [String: [Float]] {
    try JSONDecoder().decode([String: [Float]].self, from: Data(bytes("expected.json")))
  }
}

@Suite("Scores are those of Keras")
struct GoldenTests {
  @Test("there is a golden case for every operation")
  func everyOperation() throws {
    let operations = Set(
      try Golden.all.flatMap { try $0.load().graph.nodes.map(\.description.operation.name) })
    #expect(operations == Set(ModelGraph.Operation.names))
  }

  @Test("a float32 plan is within 1e-4 of Keras", arguments: Golden.all)
  func float32(_ golden: Golden) throws {
    let (graph, tensors, requests) = try golden.load()
    let plan = try Plan(graph: graph, tensors: tensors, limits: .small)
    try expect(plan, requests, golden, within: 1e-4)
  }

  @Test("an int8 plan stays near Keras", arguments: Golden.all)
  func int8(_ golden: Golden) throws {
    let (graph, tensors, requests) = try golden.load()
    let plan = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small)
    // Random weights and a handful of units: the error of one rounding is not averaged away.
    try expect(plan, requests, golden, within: 0.06)
  }

  private func expect(
    _ plan: Plan, _ requests: [Request], _ golden: Golden, within bound: Float
  ) throws {
    let workspace = plan.makeWorkspace()
    let expected = try golden.expected()
    let together = workspace.score(requests)
    for (index, name) in plan.signature.outputs.map(\.name).enumerated() {
      let scores = flat(together, output: index)
      let keras = try #require(expected[name])
      try #require(scores.count == keras.count)
      let difference = largestDifference(scores, keras)
      #expect(difference <= bound, "\(name): \(scores) against \(keras)")
    }
    #expect(requests.map { workspace.score([$0])[0] } == together)
  }
}
