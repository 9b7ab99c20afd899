import Dispatch
import Kernels
import Logging
import NIOCore
import NIOPosix
import Serving
import TesseraWire

/// The threads of a running server and what they share: made together, started together, ended in
/// the order that loses nothing.
final class ServingFloor: Sendable {
  private let configuration: ServerConfiguration
  private let feed: RegistryFeed
  private let logger: Logger
  private let scheduler: Scheduler
  private let group: MultiThreadedEventLoopGroup
  private let loops: [LoopContext]
  private let tallies: [WorkerTally]
  private let connections: ConnectionCount
  /// A thread for each worker, and one for the loader; each runs one long work item.
  private let threads: NIOThreadPool
  /// Rung once, for the loader.
  private let stopping = DispatchSemaphore(value: 0)

  private let kernels: KernelTable

  init(
    _ configuration: ServerConfiguration, feed: RegistryFeed, kernels: KernelTable, logger: Logger
  ) {
    self.kernels = kernels
    self.configuration = configuration
    self.feed = feed
    self.logger = logger
    let scheduler = Scheduler(
      admission: Admission(
        queueNanosecondsMax: Int64(configuration.queueMilliseconds) * 1_000_000,
        workers: configuration.workers))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoops)
    let settings = LoopContext.Settings(
      timeouts: configuration.timeouts, credential: configuration.credential,
      defaultDeadlineNanoseconds: Int64(configuration.defaultDeadlineMilliseconds) * 1_000_000,
      times: WelcomeBody.Times(
        frameTimeoutMilliseconds: UInt32(clamping: configuration.timeouts.frame / 1_000_000),
        defaultDeadlineMicroseconds: UInt32(configuration.defaultDeadlineMilliseconds) * 1_000,
        drainMilliseconds: UInt32(configuration.drainMilliseconds)),
      serverName: "tessera", release: ScoringServer.release)
    self.scheduler = scheduler
    self.group = group
    loops = group.makeIterator().enumerated().map {
      LoopContext(
        eventLoop: $1, index: $0, scheduler: scheduler, settings: settings,
        memoryBytesMax: configuration.framesBytesMax / configuration.eventLoops)
    }
    tallies = (0..<configuration.workers).map { _ in WorkerTally() }
    connections = ConnectionCount(max: configuration.connectionsMax)
    threads = NIOThreadPool(numberOfThreads: configuration.workers + 1)
  }

  /// Starts workers and loader; returns when every promoted version has been loaded or refused.
  func start() async {
    threads.start()
    for index in 0..<configuration.workers {
      let (loops, scheduler, tally) = (loops, scheduler, tallies[index])
      threads.submit { _ in
        Worker(index: index, loops: loops, scheduler: scheduler, tally: tally).run()
      }
    }
    await withCheckedContinuation { continuation in
      threads.submit { _ in self.load { continuation.resume() } }
    }
    for loop in loops { loop.eventLoop.execute { loop.startTicking() } }
  }

  /// Listens on the configured address.
  func listen() async throws -> any Channel {
    try await Listener.bind(configuration, group: group, loops: loops, count: connections)
  }

  /// The loader's thread: looks at the registry until the end.
  private func load(onFirst: () -> Void) {
    let loader = Loader(
      feed: feed, scheduler: scheduler, workers: configuration.workers, kernels: kernels,
      logger: logger)
    let metrics = ServerMetrics(
      workers: tallies, loops: loops, scheduler: scheduler, logger: logger)
    loader.look(now: MonotonicClock.now())
    if loader.summary.isEmpty {
      logger.warning(
        "nothing is promoted; every BIND is refused until `tessera-registry promote` has been used")
    }
    onFirst()
    var flushed = MonotonicClock.now()
    let pause = DispatchTimeInterval.milliseconds(ServerLimits.pollMilliseconds)
    while stopping.wait(timeout: .now() + pause) == .timedOut {
      loader.look(now: MonotonicClock.now())
      let now = MonotonicClock.now()
      if now - flushed >= ServerLimits.metricsMilliseconds * 1_000_000 {
        metrics.flush()
        flushed = now
      }
    }
  }

  /// Refuses new work and finishes what was accepted. Returns whether it all was, in time.
  func drain() async -> Bool {
    let began = MonotonicClock.now()
    let deadline = began + Int64(configuration.drainMilliseconds) * 1_000_000
    let farewell = began + ServerLimits.farewellMilliseconds * 1_000_000
    scheduler.drain()
    await onLoops { $0.drain() }
    await wait(until: deadline) { now in
      self.scheduler.isIdle && (self.connections.isEmpty || now >= farewell)
    }
    let isComplete = scheduler.isIdle
    // Replies were handed to the event loops before the scheduler was idle, so they come first.
    await onLoops { $0.finishAll() }
    await wait(until: min(deadline, MonotonicClock.now() + configuration.timeouts.linger)) { _ in
      self.connections.isEmpty
    }
    return isComplete
  }

  /// Ends everything. Idempotent work of microseconds, once nothing is under way.
  func stop() async {
    await onLoops { $0.abortAll() }
    scheduler.drain()
    scheduler.stop()
    feed.stop()
    stopping.signal()
    try? await threads.shutdownGracefully()
    try? await group.shutdownGracefully()
  }

  private func onLoops(_ work: @escaping @Sendable (LoopContext) -> Void) async {
    for loop in loops { try? await loop.eventLoop.submit { work(loop) }.get() }
  }

  private func wait(until deadline: Int64, for isDone: (_ now: Int64) -> Bool) async {
    while !Task.isCancelled {
      let now = MonotonicClock.now()
      if now >= deadline || isDone(now) { return }
      try? await Task.sleep(for: .milliseconds(2))
    }
  }
}
