import Inference
import Kernels
import ModelGraph
import Testing
import TesseraWire
import SeededRandom

/// P3: a score is bit-identical alone, in any batch and at any instruction set.
@Suite("A score is the same bits alone, in any batch, on any instruction set")
struct ExactnessTests {
  @Test(
    "sixty-four users of other lengths in any order change no bit of a user's scores",
    arguments: UInt64(1)...16, Storage.allCases)
  func alone(seed: UInt64, storage: Storage) throws {
    try expectSameBits(RandomModel(seed: seed), seed: seed, storage: storage)
  }

  @Test(
    "nor does it where operations on elements and rows stand between the others",
    arguments: UInt64(1)...16, Storage.allCases)
  func elements(seed: UInt64, storage: Storage) throws {
    try expectSameBits(RandomModel(seed: seed, hasElements: true), seed: seed, storage: storage)
  }

  @Test(
    "nor where windows make other sequences of the events, for every recurrent layer",
    arguments: UInt64(1)...16, Storage.allCases)
  func sequences(seed: UInt64, storage: Storage) throws {
    try expectSameBits(RandomModel(seed: seed, hasSequences: true), seed: seed, storage: storage)
  }

  private func expectSameBits(_ model: RandomModel, seed: UInt64, storage: Storage) throws {
    var model = model
    var random = SeededGenerator(seed: seed &+ 1_000)
    let (graph, tensors) = try model.make()
    let stored = storage.of(tensors, graph, seed: seed)
    let lengths = [0, 1, 2, 5, 16, 17, graph.description.limits.events]
    let requests = try (0..<64).map { index in
      try model.request(
        graph.signature, events: lengths[index % lengths.count],
        coupons: random.one(of: [1, 2, 7, graph.description.limits.coupons]))
    }
    var reference: [[[Float]]]?
    for kernels in KernelTable.available.reversed() {
      // Chunks so small that users of one batch meet different neighbours.
      let chunk = RowCounts(
        users: random.count(1...64), events: random.count(1...1_000),
        coupons: random.count(1...500), bagValues: 0)
      let plan = try Plan(
        graph: graph, tensors: stored, limits: .small, kernels: kernels, chunk: chunk)
      let workspace = plan.makeWorkspace()
      let alone = requests.map { workspace.score([$0])[0] }
      let areFinite = alone.joined().joined().allSatisfy(\.isFinite)
      #expect(areFinite)
      let scalar = reference ?? alone
      reference = scalar
      #expect(bits(alone) == bits(scalar), "\(kernels.name) differs from scalar\n\(plan)")
      for _ in 0..<2 {
        let order = requests.indices.shuffled(using: &random)
        let together = workspace.score(order.map { requests[$0] })
        let expected = order.map { alone[$0] }
        #expect(bits(together) == bits(expected), "\(kernels.name)\n\(plan)")
      }
    }
  }

  @Test("a batch that is run twice gives the same bits")
  func twice() throws {
    var model = RandomModel(seed: 7)
    let (graph, tensors) = try model.make()
    let plan = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small)
    let requests = try (0..<9).map {
      try model.request(graph.signature, events: $0, coupons: 1 + $0 % 4)
    }
    let workspace = plan.makeWorkspace()
    let first = workspace.score(requests)
    workspace.run()
    #expect(
      bits(first[0]) == bits([workspace.scores(output: 0, rows: 0..<1)] + first[0].dropFirst()))
    #expect(bits(workspace.score(requests)) == bits(first))
  }

  private func bits(_ scores: [[[Float]]]) -> [[[UInt32]]] { scores.map { bits($0) } }
  private func bits(_ scores: [[Float]]) -> [[UInt32]] { scores.map { $0.map(\.bitPattern) } }
}
