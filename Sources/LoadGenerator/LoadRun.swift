import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// One run from connecting to the report.
package final class LoadRun: Sendable {
  /// What has been counted so far, warm-up and all.
  package struct Progress: Hashable, Sendable {
    package var seconds: Double
    package var scored: UInt64
    package var refused: UInt64
    package var failed: UInt64
  }

  private let plan: LoadPlan
  private let source: RequestSource
  private let stopping = Mutex((loops: [NIOLoopBound<LoadLoop>](), isStopped: false))

  package init(plan: LoadPlan, source: RequestSource) {
    self.plan = plan
    self.source = source
  }

  /// Connects, loads, and waits for the last answers. To be called once.
  ///
  /// - Parameter progress: is told every second what has been counted.
  /// - Throws: `LoadError` when the run could not begin.
  package func run(progress: (@Sendable (Progress) -> Void)? = nil) async throws -> LoadReport {
    try Descriptors.makeRoom(for: plan.connections)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.threads)
    let report: LoadReport
    do {
      report = try await run(on: group, progress)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    return report
  }

  /// Ends the run early; it still reports.
  package func stop() {
    let loops = stopping.withLock { stopping in
      stopping.isStopped = true
      return stopping.loops
    }
    for loop in loops { loop.eventLoop.execute { loop.value.stop() } }
  }

  private func run(
    on group: MultiThreadedEventLoopGroup, _ progress: (@Sendable (Progress) -> Void)?
  ) async throws -> LoadReport {
    let loops = try await makeLoops(on: group)
    try await connect(loops)
    let isStopped = stopping.withLock { stopping in
      stopping.loops = loops
      return stopping.isStopped
    }
    if isStopped { throw LoadError("stopped before the first request") }

    let start = NIODeadline.now().uptimeNanoseconds + 1_000_000
    let cpuBefore = clock()
    let ends = loops.map { loop in
      loop.eventLoop.flatSubmit { loop.value.run(from: start) }
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      if let progress {
        tasks.addTask { try await Self.watch(loops, from: start, progress) }
      }
      for end in ends { try await end.get() }
      tasks.cancelAll()
    }
    // POSIX has a million clocks a second.
    let cpuSeconds = Double(clock() - cpuBefore) / 1e6
    return try await report(loops, from: start, cpuSeconds: cpuSeconds)
  }

  private func makeLoops(
    on group: MultiThreadedEventLoopGroup
  ) async throws -> [NIOLoopBound<LoadLoop>] {
    var loops: [NIOLoopBound<LoadLoop>] = []
    for (index, eventLoop) in group.makeIterator().enumerated() {
      let loop = eventLoop.submit { [plan, source] in
        NIOLoopBound(
          LoadLoop(plan: plan, source: source, eventLoop: eventLoop, index: index),
          eventLoop: eventLoop)
      }
      loops.append(try await loop.get())
    }
    return loops
  }

  private func connect(_ loops: [NIOLoopBound<LoadLoop>]) async throws {
    var index = 0
    while index < plan.connections {
      let batch = index..<min(index + LoadLimits.connectsAtOnceMax, plan.connections)
      let readies = batch.map { index in
        let loop = loops[index % loops.count]
        let quota = plan.quota(connection: index)
        return loop.eventLoop.flatSubmit { loop.value.connect(quota: quota) }
      }
      for ready in readies { try await ready.get() }
      index = batch.upperBound
    }
  }

  private static func watch(
    _ loops: [NIOLoopBound<LoadLoop>], from start: UInt64,
    _ progress: @Sendable (Progress) -> Void
  ) async throws {
    while true {
      do {
        try await Task.sleep(for: .seconds(1))
      } catch {
        return
      }
      let now = NIODeadline.now().uptimeNanoseconds
      var sum = Progress(
        seconds: Double(now > start ? now - start : 0) / 1e9, scored: 0, refused: 0, failed: 0)
      for loop in loops {
        let part = loop.eventLoop.submit {
          let (warmup, measured) = (loop.value.warmup, loop.value.measured)
          return (
            warmup.scored + measured.scored, warmup.refused + measured.refused,
            warmup.failed + measured.failed
          )
        }
        let (scored, refused, failed) = try await part.get()
        sum.scored += scored
        sum.refused += refused
        sum.failed += failed
      }
      progress(sum)
    }
  }

  private func report(
    _ loops: [NIOLoopBound<LoadLoop>], from start: UInt64, cpuSeconds: Double
  ) async throws -> LoadReport {
    var measured = Tally()
    var warmup = Tally()
    var end: UInt64 = 0
    for loop in loops {
      let part = loop.eventLoop.submit {
        (loop.value.measured, loop.value.warmup, loop.value.end)
      }
      let (itsMeasured, itsWarmup, itsEnd) = try await part.get()
      measured.add(itsMeasured)
      warmup.add(itsWarmup)
      end = max(end, itsEnd)
    }
    let elapsed = Double(end > start ? end - start : 0) / 1e9
    let seconds = max(0, elapsed - plan.warmupSeconds)
    return LoadReport(
      plan: plan, measured: measured, warmup: warmup, seconds: seconds,
      cpuShare: elapsed > 0 ? cpuSeconds / elapsed : 0)
  }
}
