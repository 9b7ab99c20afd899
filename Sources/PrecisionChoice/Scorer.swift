internal import Inference
internal import ModelGraph
internal import TesseraWire

/// Scores the same requests with the same weights in different precisions.
struct Scorer {
  let graph: TypedGraph
  let tensors: [TensorData]
  let requests: [PreparedRequest]
  let source: PrecisionChoice.Requests
  /// The scores of the weights in float32.
  let reference: [[Float]]

  init(
    graph: TypedGraph, tensors: [TensorData], golden: GoldenScores?, warmup: [UInt8]?
  ) throws(ModelError) {
    self.graph = graph
    self.tensors = tensors
    if let golden {
      (requests, source) = (golden.requests, .golden)
    } else if let warmup {
      requests = try PreparedRequest.all(
        in: warmup, signature: graph.signature, file: "warmup.frames")
      source = .warmup
    } else {
      (requests, source) = (try Self.invented(graph), .invented)
    }
    reference = try Self.score(graph, tensors, requests[...], now: { 0 }).scores
  }

  /// Scores of the first `most` requests with these matrices in int8, and the median time of a request in nanoseconds.
  func score(
    int8: Set<String>, most: Int = .max, now: () -> Int64
  ) throws(ModelError) -> (scores: [[Float]], nanoseconds: Int64) {
    let tensors = tensors.map { int8.contains($0.name) ? $0.quantised().tensor : $0 }
    return try Self.score(graph, tensors, requests.prefix(most), now: now)
  }

  func effects(of scores: [[Float]], beside reference: [[Float]]) -> [ScoreEffect] {
    graph.signature.outputs.enumerated().map { index, output in
      ScoreEffect(output, scores: scores[index], reference: reference[index])
    }
  }

  private static func score(
    _ graph: TypedGraph, _ tensors: [TensorData], _ requests: ArraySlice<PreparedRequest>,
    now: () -> Int64
  ) throws(ModelError) -> (scores: [[Float]], nanoseconds: Int64) {
    let plan: Plan
    do throws(PlanError) {
      plan = try Plan(graph: graph, tensors: tensors, limits: limits(of: requests, graph))
    } catch {
      throw ModelError(.limit, at: "the model", "cannot be computed: \(error)")
    }
    let workspace = plan.makeWorkspace()
    var scores = [[Float]](repeating: [], count: plan.signature.outputs.count)
    var times: [Int64] = []
    for request in requests {
      let began = now()
      workspace.reset()
      request.append(to: workspace)
      workspace.run()
      times.append(now() - began)
      for (output, described) in plan.signature.outputs.enumerated() {
        let rows = request.layout.counts[described.axis]
        // Written in full before the count is set.
        scores[output] += unsafe [Float](unsafeUninitializedCapacity: rows * described.width) {
          buffer, count in
          // Room for the numbers of all rows.
          unsafe workspace.copyScores(
            output: output, rows: 0..<rows, into: UnsafeMutableRawBufferPointer(buffer))
          count = rows * described.width
        }
      }
    }
    times.sort()
    return (scores, times.isEmpty ? 0 : times[times.count / 2])
  }

  /// What the largest request needs, and one user at the model's limits.
  private static func limits(of requests: ArraySlice<PreparedRequest>, _ graph: TypedGraph)
    -> RowCounts
  {
    let rows = graph.description.limits
    var limits = RowCounts(
      users: 1, events: rows.events, coupons: rows.coupons, bagValues: Limits.bagValuesMax)
    for request in requests {
      let counts = request.layout.counts
      limits = RowCounts(
        users: max(limits[.user], counts[.user]), events: max(limits[.event], counts[.event]),
        coupons: max(limits[.coupon], counts[.coupon]), bagValues: limits.bagValues)
    }
    return limits
  }

  /// Requests of one user each, from no event to as many as the model reads.
  private static func invented(_ graph: TypedGraph) throws(ModelError) -> [PreparedRequest] {
    let limits = graph.description.limits
    let count = PrecisionLimits.inventedRequests
    var maker = RequestMaker(graph)
    var requests: [PreparedRequest] = []
    do throws(WireError) {
      for index in 0..<count {
        let share = Double(index) / Double(count - 1)
        requests.append(
          try maker.request(
            events: Int(share * Double(limits.events)),
            coupons: limits.coupons == 0 ? 0 : 1 + Int(share * Double(limits.coupons - 1))))
      }
    } catch {
      throw ModelError(.limit, at: "the signature", error.message)
    }
    return requests
  }
}
