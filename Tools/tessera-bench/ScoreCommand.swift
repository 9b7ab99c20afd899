internal import ArgumentParser
internal import Inference
internal import PrecisionChoice

/// `tessera-bench score`: the time of a whole batch.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract:
      "Times whole batches in this thread: decoding columns, running the plan, copying scores.")

  @OptionGroup var options: ModelOptions
  @OptionGroup var shape: BatchShape
  @Option(help: "Seconds to measure for.")
  var seconds = 2.0

  func validate() throws { try tessera_bench.validate(seconds: seconds) }

  func run() throws {
    let (graph, tensors) = try options.load()
    let plan = try options.plan(graph, tensors, batch: shape)
    var maker = RequestMaker(graph)
    let requests = try (0..<shape.batch).map { _ in
      try maker.request(events: shape.events, coupons: shape.coupons)
    }
    let workspace = plan.makeWorkspace()
    let batch = RequestBatch(requests)
    // In turn, so that a change of the machine's speed meets both.
    var (wholes, runs): ([Double], [Double]) = ([], [])
    let rounds = 20
    for _ in 0..<rounds {
      let slice = seconds / Double(2 * rounds)
      wholes += microseconds(seconds: slice) { _ = batch.scores(workspace) }
      runs += microseconds(seconds: slice) { workspace.run() }
    }
    let (all, run) = (median(wholes), median(runs))
    print(
      "\(options.model) \(options.precision.rawValue) on \(plan.kernelName): batch \(shape.batch), "
        + "\(shape.events) events, \(shape.coupons) coupons")
    print(
      "median \(all.short) µs a batch, \((all / Double(shape.batch)).short) µs a request; "
        + "\(run.short) µs a batch for the plan alone, without decoding columns and copying scores")
  }
}
