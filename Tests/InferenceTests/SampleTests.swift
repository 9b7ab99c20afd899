import Foundation
import Inference
import Kernels
import ModelGraph
import Testing
import TesseraWire

@Suite("The bundled samples keep their scores in int8")
struct SampleTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Registry/samples")

  @Test(
    "int8 probabilities of the warm-up requests are within 0.02 of float32, 0.002 on average",
    arguments: ["lstm", "transformer"])
  func int8(sample: String) throws {
    let folder = Self.folder.appending(path: sample)
    func bytes(_ file: String) throws -> [UInt8] {
      [UInt8](try Data(contentsOf: folder.appending(path: file)))
    }
    let graph = try TypedGraph(ModelDescription(json: bytes("model.json")))
    let tensors = try SafetensorsFile(bytes: bytes("weights.safetensors")).tensors
    let recorded = try RecordedRequests(decoding: bytes("warmup.frames"))
    let requests = try recorded.bodies.map {
      try Request(Array(recorded.bytes[$0]), graph.signature)
    }
    let float = try Plan(graph: graph, tensors: tensors, limits: .oneFrame).makeWorkspace()
    let int8 = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .oneFrame)
      .makeWorkspace()
    var differences: [Float] = []
    for request in requests {
      let pair = (float.score([request])[0][0], int8.score([request])[0][0])
      differences += zip(pair.0, pair.1).map { abs($0 - $1) }
    }
    try #require(!differences.isEmpty)
    let largest = differences.max() ?? 0
    let mean = differences.reduce(0, +) / Float(differences.count)
    #expect(largest <= 0.02 && mean <= 0.002, "largest \(largest), mean \(mean)")
  }
}
