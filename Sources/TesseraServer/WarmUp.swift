import Inference
import Serving
import TesseraWire

/// Runs a version's recorded requests through decoding and plan, before it serves.
///
/// Shows that it computes (finite scores for every frame that it was exported with), touches the
/// memory of every worker's workspace, and measures what a row costs.
enum WarmUp {
  /// The version's first cost model.
  static func run(
    _ frames: [UInt8], on version: LiveVersion
  ) throws(LoadError) -> CostModel {
    let recorded: RecordedRequests
    do throws(WireError) {
      recorded = try RecordedRequests(decoding: frames)
    } catch {
      throw LoadError(step: "warm-up", message: error.description)
    }
    var nanosecondsPerRow: Double?
    for workspace in version.workspaces {
      for index in recorded.bodies.indices.prefix(ServerLimits.warmupFramesMax) {
        let (rows, nanoseconds) = try run(recorded, index, on: version, workspace)
        let seen = Double(nanoseconds) / Double(rows)
        // The first run of a workspace pays for its memory; later ones correct it.
        nanosecondsPerRow =
          nanosecondsPerRow.map { min(seen, $0 * ServerLimits.warmupGrowthMax) } ?? seen
      }
    }
    return CostModel(
      nanosecondsPerRow: nanosecondsPerRow ?? ServerLimits.rowNanosecondsAssumed,
      attends: version.plan.costTerms.eventPairs)
  }

  private static func run(
    _ recorded: RecordedRequests, _ index: Int, on version: LiveVersion, _ workspace: Workspace
  ) throws(LoadError) -> (rows: Int, nanoseconds: Int64) {
    let place = "recorded request \(index)"
    // Integers have no padding that `bytes` could expose.
    let body = unsafe recorded.bytes.span.bytes.extracting(recorded.bodies[index])
    var layout = ScoreLayout()
    do throws(WireError) {
      try layout.decode(body, signature: version.plan.signature)
    } catch {
      throw LoadError(step: "warm-up", message: "\(place): \(error)")
    }
    let began = MonotonicClock.now()
    workspace.reset()
    guard workspace.fits(layout, body: body) else {
      throw LoadError(step: "warm-up", message: "\(place) is larger than a batch may be")
    }
    workspace.append(layout, body: body)
    workspace.run()
    let nanoseconds = MonotonicClock.now() - began
    for (output, described) in version.plan.signature.outputs.enumerated() {
      let rows = layout.counts[described.axis]
      var scores = [Float](repeating: .nan, count: rows * described.width)
      // Exactly as many floats as the rows have.
      let isFinite = unsafe scores.withUnsafeMutableBytes {
        unsafe workspace.copyScores(output: output, rows: 0..<rows, into: $0)
      }
      guard isFinite else {
        throw LoadError(
          step: "warm-up",
          message: "\(place): output \(described.name) is not finite")
      }
    }
    return (layout.users + layout.eventRows + layout.couponRows, nanoseconds)
  }
}
