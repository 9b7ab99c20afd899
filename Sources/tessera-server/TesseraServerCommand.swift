import ArgumentParser
import Credential
import Glibc
import Logging
import ServiceLifecycle
import TesseraServer

/// `tessera-server`: reads flags and environment, then serves until it is told to stop.
@main
struct TesseraServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera-server",
    abstract: "Scores coupons with the promoted models of a registry.",
    discussion: """
      Prints `listening on HOST:PORT` on standard output when the models are loaded and connections \
      are accepted; logs go to standard error. A new promotion is served within 100 ms and the time \
      it takes to load. SIGTERM, SIGINT or SIGHUP: new work is refused, accepted work is finished, exit 0.

      Environment: TESSERA_REGISTRY (the folder, when --registry is not given), TESSERA_TOKEN (clients \
      must present these bytes in HELLO; unset, and no --token-file: none are asked for), TESSERA_ISA \
      (forces the instruction set of the kernels).
      """,
    version: ScoringServer.release)

  @Option(help: "Address to listen on. 0.0.0.0 = every interface.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 = a free one.")
  var port = 7311

  @Option(
    help: ArgumentHelp(
      "Folder of the registry (default: $TESSERA_REGISTRY, then .tessera/registry).",
      valueName: "dir"))
  var registry: String?

  @Option(
    help: ArgumentHelp(
      "File with what clients must present in HELLO, in place of $TESSERA_TOKEN; a line break at its end does not count.",
      valueName: "file"))
  var tokenFile: String?

  @Option(help: "Threads that compute (default: one per core that this process may use).")
  var workers: Int?

  @Option(help: "Threads that read and write sockets (default: one per two of these cores).")
  var eventLoops: Int?

  @Option(
    help: ArgumentHelp(
      "Longest time that accepted work may wait for a worker, in milliseconds of estimated compute; beyond it OVERLOADED is answered.",
      valueName: "ms"))
  var queueCost = 50

  @Option(
    help: ArgumentHelp(
      "Deadline of requests that name none, in milliseconds from arrival.", valueName: "ms"))
  var defaultDeadline = 100

  @Option(help: "Connections at a time; further ones are turned away with GOAWAY.")
  var connections = 4096

  @Option(
    help: ArgumentHelp(
      "Longest time to finish accepted work after SIGTERM, in milliseconds.", valueName: "ms"))
  var drainTime = 5000

  @Option(
    help: ArgumentHelp(
      "trace, debug, info, notice, warning, error or critical. debug adds a line a second.",
      valueName: "level"),
    transform: level)
  var logLevel = Logger.Level.info

  /// The same program, started by a server, reads the registry for it.
  static func main() async {
    let arguments = CommandLine.arguments
    if arguments.count == 3, arguments[1] == ReaderService.argument {
      return ReaderService.run(registryPath: arguments[2])
    }
    occupyStandardDescriptors()
    StopSignals.hold()
    await main(nil)
  }

  func validate() throws {
    try check("--port", port, 0...65_535)
    try check("--workers", workers ?? 1, 1...64)
    try check("--event-loops", eventLoops ?? 1, 1...64)
    try check("--queue-cost", queueCost, 1...10_000)
    try check("--default-deadline", defaultDeadline, 1...60_000)
    try check("--connections", connections, 1...1_000_000)
    try check("--drain-time", drainTime, 1...600_000)
  }

  func run() async throws {
    let level = logLevel
    let (output, log) = (
      LineWriter(descriptor: STDOUT_FILENO), LineWriter(descriptor: STDERR_FILENO)
    )
    defer {
      for lines in [output, log] { lines.finish(within: ProgramLimits.lastLinesTime) }
    }
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler(label: label, stream: log)
      handler.logLevel = level
      return handler
    }
    let logger = Logger(label: "tessera")
    let settings = try settings()
    if let warning = makeRoom(forConnections: connections) { logger.warning("\(warning)") }
    let server = ScoringServer(configuration: settings, logger: logger) { host, port in
      output.write("listening on \(host):\(port)\n")
    }
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)
        ],
        logger: logger))
    StopSignals.onFirst { name in
      logger.info("\(name)")
      Task { await group.triggerGracefulShutdown() }
    }
    do {
      try await group.run()
    } catch let error as ServerError {
      logger.critical("\(error)")
      throw ExitCode.failure
    }
  }

  private func settings() throws -> ServerConfiguration {
    var settings = ServerConfiguration(
      registryPath: registry ?? environment("TESSERA_REGISTRY") ?? ".tessera/registry")
    // This very program, even when its file was replaced meanwhile.
    settings.readerExecutable = "/proc/self/exe"
    settings.host = host
    settings.port = port
    settings.workers = workers ?? settings.workers
    settings.eventLoops = eventLoops ?? settings.eventLoops
    settings.queueMilliseconds = queueCost
    settings.defaultDeadlineMilliseconds = defaultDeadline
    settings.connectionsMax = connections
    settings.drainMilliseconds = drainTime
    do throws(CredentialError) {
      settings.credential = try Credential.read(file: tokenFile)
    } catch {
      throw ValidationError(error.description)
    }
    settings.instructionSet = environment("TESSERA_ISA")
    return settings
  }

  private func check(_ flag: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError(
        "\(flag) is \(value), not \(range.lowerBound)…\(range.upperBound)")
    }
  }
}

private func level(_ name: String) throws -> Logger.Level {
  guard let level = Logger.Level(rawValue: name) else {
    throw ValidationError("no such level: \(name)")
  }
  return level
}
