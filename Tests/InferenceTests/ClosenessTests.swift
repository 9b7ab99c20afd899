import Inference
import ModelGraph
import Testing
import TesseraWire

/// Folding, splitting and int8 are ways to compute the same model.
@Suite("An int8 plan stays close to the float32 plan of the same model")
struct ClosenessTests {
  @Test(
    "no score moves by more than a seventh of the range of all scores",
    arguments: UInt64(1)...24, [Storage.int8, .mixed])
  func close(seed: UInt64, storage: Storage) throws {
    try expectClose(RandomModel(seed: seed), seed: seed, storage)
  }

  @Test(
    "nor with windows and with every recurrent layer",
    arguments: UInt64(1)...24, [Storage.int8, .mixed])
  func closeSequences(seed: UInt64, storage: Storage) throws {
    try expectClose(RandomModel(seed: seed, hasSequences: true), seed: seed, storage)
  }

  private func expectClose(_ model: RandomModel, seed: UInt64, _ storage: Storage) throws {
    var model = model
    let (graph, tensors) = try model.make()
    let requests = try (0...graph.description.limits.events).map {
      try model.request(graph.signature, events: $0, coupons: graph.description.limits.coupons)
    }
    let exact = try Plan(graph: graph, tensors: tensors, limits: .small)
      .makeWorkspace().score(requests)
    let plan = try Plan(
      graph: graph, tensors: storage.of(tensors, graph, seed: seed), limits: .small)
    let found = plan.makeWorkspace().score(requests)
    for output in graph.outputs.indices {
      let scores = flat(exact, output: output)
      let range = (scores.max() ?? 0) - (scores.min() ?? 0)
      let difference = largestDifference(scores, flat(found, output: output))
      #expect(difference <= range / 7 + 0.002, "\(plan)")
    }
  }
}
