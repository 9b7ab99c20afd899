internal import ArgumentParser
internal import Inference
internal import PrecisionChoice

/// `tessera-bench plan`: what a model compiles to, and where the time goes.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Prints the steps that a model compiles to, each with its share of the time.")

  @OptionGroup var options: ModelOptions
  @OptionGroup var shape: BatchShape
  @Option(help: "How often the batch is run.")
  var repetitions = 200

  func validate() throws {
    guard (1...1_000_000).contains(repetitions) else {
      throw ValidationError("--repetitions must be 1 to 1000000")
    }
  }

  func run() throws {
    let (graph, tensors) = try options.load()
    let plan = try options.plan(graph, tensors, batch: shape)
    var maker = RequestMaker(graph)
    let workspace = plan.makeWorkspace()
    for _ in 0..<shape.batch {
      try maker.request(events: shape.events, coupons: shape.coupons).append(to: workspace)
    }
    let lines = plan.stepLines
    let clock = ContinuousClock()
    var times = [[Double]](repeating: [], count: lines.count)
    // The first rounds touch memory and fill caches.
    for round in -5..<repetitions {
      var sums = [Double](repeating: 0, count: lines.count)
      workspace.run { step, work in sums[step] += clock.measure(work).microseconds }
      guard round >= 0 else { continue }
      for step in lines.indices { times[step].append(sums[step]) }
    }
    let medians = times.map { median($0) }
    let total = medians.reduce(0, +)
    print(plan.summary)
    print(
      "batch \(shape.batch), \(shape.events) events, \(shape.coupons) coupons; median of "
        + "\(repetitions) runs, with the clock's own time in each step\n")
    print("    µs  share  axis    node                         kernel")
    for (line, time) in zip(lines, medians) {
      print("\(time.short.right(6))  \((100 * time / total).short.right(4))%  \(line)")
    }
    print("\(total.short.right(6))  in all")
  }
}
