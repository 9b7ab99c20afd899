internal import ArgumentParser
internal import Inference

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

  func run() throws {
    let (graph, tensors) = try options.load()
    let plan = try options.plan(graph, tensors, batch: shape)
    var maker = RequestMaker(graph)
    let requests = try (0..<shape.batch).map { _ in
      try maker.request(events: shape.events, coupons: shape.coupons)
    }
    let workspace = plan.makeWorkspace()
    let batch = RequestBatch(requests)
    let all = medianMicroseconds(seconds: seconds / 2) { _ = batch.scores(workspace) }
    let run = medianMicroseconds(seconds: seconds / 2) { workspace.run() }
    print(
      "\(options.model) \(options.precision.rawValue) on \(plan.kernelName): batch \(shape.batch), "
        + "\(shape.events) events, \(shape.coupons) coupons")
    print(
      "median \(all.short) µs a batch, \((all / Double(shape.batch)).short) µs a request; "
        + "\(run.short) µs of the batch in the plan, the rest decodes columns and copies scores")
  }
}
