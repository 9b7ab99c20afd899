internal import Inference
internal import PrecisionChoice
internal import Kernels
internal import ModelGraph

/// One point: a reference model and the size of its requests.
struct CostCase: Hashable {
  /// Where the case does not vary them.
  static let coupons = 32

  let model: ReferenceModel
  let events: Int
  let coupons: Int
  let hiddenWidth: Int
  let batch: Int

  /// The median time of one request in each case, over requests of the graph's model.
  ///
  /// The cases take turns, so that a change of the machine's speed meets each of them.
  static func requestMicroseconds(
    _ cases: [CostCase], of graph: TypedGraph, with tensors: [TensorData],
    on table: KernelTable, seconds: Double
  ) throws -> [(CostCase, Double)] {
    let ready = try cases.map { item in
      let sizes = PeerCase(batch: item.batch, events: item.events, coupons: item.coupons)
      let plan = try Plan(
        graph: graph, tensors: tensors, limits: sizes.limits(graph), kernels: table)
      var maker = RequestMaker(graph)
      let requests = try (0..<item.batch).map { _ in
        try maker.request(events: item.events, coupons: item.coupons)
      }
      return (batch: RequestBatch(requests), workspace: plan.makeWorkspace())
    }
    // The first round touches memory and fills caches.
    for (batch, workspace) in ready { batch.score(workspace) }
    var times = [[Double]](repeating: [], count: cases.count)
    let rounds = 5
    for _ in 0..<rounds {
      for (index, (batch, workspace)) in ready.enumerated() {
        times[index] += microseconds(seconds: seconds / Double(rounds)) { batch.score(workspace) }
      }
    }
    return zip(cases, times).map { ($0, median($1) / Double($0.batch)) }
  }
}
