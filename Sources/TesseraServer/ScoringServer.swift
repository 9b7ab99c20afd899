import Glibc
import Kernels
public import Logging
import NIOCore
import NIOPosix
import Serving
public import ServiceLifecycle
import Synchronization
import TesseraWire

/// A scoring server as a service: ``run()`` serves until its group is shut down, then drains.
public final class ScoringServer: Service {
  /// What WELCOME and the log tell.
  package static let release = Release.number

  private let configuration: ServerConfiguration
  private let logger: Logger
  private let onListening: @Sendable (_ host: String, _ port: Int) -> Void

  /// - Parameter onListening: called once, when every promoted version that can be served is loaded
  ///   and connections are accepted.
  public init(
    configuration: ServerConfiguration, logger: Logger,
    onListening: @escaping @Sendable (_ host: String, _ port: Int) -> Void = { _, _ in }
  ) {
    self.configuration = configuration
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until graceful shutdown, then refuses new work, finishes what was accepted and returns,
  /// at the latest after `drainMilliseconds`. Cancellation skips the finishing.
  ///
  /// - Throws: ``ServerError`` when the registry cannot be opened or the address not be listened on.
  public func run() async throws {
    let kernels = try chooseKernels()
    let feed = RegistryFeed(
      executable: configuration.readerExecutable, registryPath: configuration.registryPath,
      logger: logger)
    // A registry that does not answer must not keep a server from ending that is told to.
    try await withGracefulShutdownHandler {
      try await serve(from: feed, kernels)
    } onGracefulShutdown: {
      feed.stop()
    }
  }

  private func serve(from feed: RegistryFeed, _ kernels: KernelTable) async throws {
    logger.info("reading the registry \(configuration.registryPath)")
    do throws(ReaderFailure) {
      _ = try feed.aliases(now: MonotonicClock.now())
    } catch {
      if feed.isStopped { return logger.info("stopped before the registry was read") }
      throw ServerError(at: "registry", error.description)
    }
    let floor = ServingFloor(configuration, feed: feed, kernels: kernels, logger: logger)
    await floor.start()
    do {
      let channel: any Channel
      do {
        channel = try await floor.listen()
      } catch {
        throw ServerError(
          at: "\(configuration.host):\(configuration.port)", Self.words(forBinding: error))
      }
      let port = channel.localAddress?.port ?? configuration.port
      logger.info("listening on \(configuration.host):\(port)")
      onListening(configuration.host, port)
      try? await gracefulShutdown()
      logger.info("draining: new work is refused, accepted work is finished")
      try? await channel.close()
      let isComplete = await floor.drain()
      logger.info("\(isComplete ? "drained" : "not everything was finished in time")")
    } catch {
      await floor.stop()
      throw error
    }
    await floor.stop()
  }

  private static func words(forBinding error: any Error) -> String {
    guard let number = (error as? IOError)?.errnoCode else {
      return "cannot listen there: \(error); choose another --host or --port"
    }
    // The text is copied before the call's buffer can be used again.
    let reason = unsafe String(cString: strerror(number))
    return number == EADDRINUSE
      ? "something listens there already (\(reason)); stop it, or choose another --host or --port"
      : "cannot listen there (\(reason)); choose another --host or --port"
  }

  private func chooseKernels() throws(ServerError) -> KernelTable {
    do throws(KernelError) {
      let choice = try KernelTable.choose(isa: configuration.instructionSet)
      for warning in choice.warnings { logger.warning("\(warning)") }
      logger.info("kernels: \(choice.table.name)")
      return choice.table
    } catch {
      throw ServerError(at: "kernels", error.description)
    }
  }
}

extension ScoringServer: CustomStringConvertible {
  /// As named in logs.
  public var description: String { "scoring server" }
}
