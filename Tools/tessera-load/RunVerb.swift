import ArgumentParser
import CommandOutput
import Foundation
import LoadGenerator
import TesseraClient
import TesseraWire
import UnixSignals

struct RunVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Loads a server and reports throughput, latencies and what was answered.",
    discussion: """
      Closed loop (--concurrency, the default): so many requests are unanswered at any time; latency \
      counts from when a request is written. Says how much a server can do, but is kind to a slow one: \
      it waits for it.

      Open loop (--rate): requests are due on a fixed schedule, whatever became of those before; latency \
      counts from when a request was due, so the time that it waited in this program because the server \
      was slow is in it. Says how long users wait.

      Requests come from a file of recorded ones (`warmup.frames` of a model folder) or are made up to \
      fit the model. Latencies are those of scored requests. A promotion to a version with another \
      signature is no failure: the connection binds again and the request is sent once more.

      Requests that a server which drains refuses, or leaves unanswered after GOAWAY DRAINING, count as \
      DRAINING, as does a connection of it that was idle; a connection that ends without that, as \
      CONNECTION_LOST. Both are failures: the run has lost a server.

      Exit: 0 when every request was scored; 1 when one failed (a lost connection is a failure) or was \
      refused because the server had too much to do (see --allow-refusals); 64 on wrong usage. \
      SIGINT ends the run early and reports. The credential, if one is needed, is taken from \
      $TESSERA_TOKEN.
      """)

  @OptionGroup var target: ServedModelOptions

  @Option(help: ArgumentHelp("Send the requests of this .frames file, in turn.", valueName: "file"))
  var requests: String?

  @Option(help: ArgumentHelp("Open loop: requests a second.", valueName: "r"))
  var rate: Double?

  @Option(help: ArgumentHelp("Closed loop: unanswered requests (default: 16).", valueName: "c"))
  var concurrency: Int?

  @Option(
    help: ArgumentHelp(
      "Connections (default: one for each unanswered request, at most \(LoadLimits.connectionsDefaultMax); "
        + "open loop: 16).",
      valueName: "k"))
  var connections: Int?

  @Option(help: ArgumentHelp("Threads of this program that send and receive.", valueName: "n"))
  var threads = 1

  @Option(help: ArgumentHelp("Measure for so long.", valueName: "s"))
  var seconds = 10.0

  @Option(help: ArgumentHelp("Load for so long before measuring.", valueName: "s"))
  var warmupSeconds = 1.0

  @Option(
    help: ArgumentHelp(
      "Events of every made-up request (default: 32, or what the model reads).", valueName: "t"))
  var events: Int?

  @Option(
    help: ArgumentHelp(
      "Coupons of every made-up request (default: 32, or what the model reads).", valueName: "n"))
  var coupons: Int?

  @Option(
    help: ArgumentHelp(
      "Deadline of every request in milliseconds, 0 = the server's default (default: as recorded).",
      valueName: "ms"))
  var deadline: Double?

  @Flag(help: "Do not fail because the server answered OVERLOADED or DEADLINE_EXCEEDED.")
  var allowRefusals = false

  @Option(
    help: ArgumentHelp("Write the report to this file too, as one JSON object.", valueName: "file"))
  var json: String?

  func validate() throws {
    if rate != nil, concurrency != nil {
      throw ValidationError(
        "--rate is an open loop and --concurrency a closed one; give one of them")
    }
    if requests != nil, events != nil || coupons != nil {
      throw ValidationError("--events and --coupons are for made-up requests, not for --requests")
    }
    if let deadline, !(0...60_000).contains(deadline) {
      throw ValidationError("--deadline is \(deadline), not 0…60000")
    }
    if let events, !(0...Limits.eventsMax).contains(events) {
      throw ValidationError("--events is \(events), not 0…\(Limits.eventsMax)")
    }
    if let coupons, !(1...Limits.couponsMax).contains(coupons) {
      throw ValidationError("--coupons is \(coupons), not 1…\(Limits.couponsMax)")
    }
    _ = try plan()
  }

  func run() async throws {
    let load = LoadRun(plan: try plan(), source: try source())
    let interrupts = await UnixSignalsSequence(trapping: .sigint)
    let watch = Task {
      var count = 0
      for await _ in interrupts {
        count += 1
        if count > 1 { Self.exit(withError: ExitCode(130)) }
        load.stop()
      }
    }
    defer { watch.cancel() }
    let line = ProgressLine()
    let report = try await load.run { if line.isShown { line.show($0) } }
    line.clear()
    try emit(report.text)
    if let json { try write(report, to: json) }
    guard report.isSuccess(allowingRefusals: allowRefusals) else { throw ExitCode.failure }
  }

  private func plan() throws -> LoadPlan {
    let pace: LoadPlan.Pace = if let rate { .rate(rate) } else { .concurrency(concurrency ?? 16) }
    let (model, credential) = (try target.reference(), try target.credential())
    do throws(LoadError) {
      var plan = try LoadPlan(
        server: target.server, model: model, pace: pace, connections: connections,
        threads: threads, seconds: seconds, warmupSeconds: warmupSeconds,
        deadlineMicroseconds: deadline.map { UInt32(($0 * 1e3).rounded()) })
      plan.credential = credential
      return plan
    } catch {
      throw ValidationError(error.description)
    }
  }

  private func source() throws -> RequestSource {
    guard let requests else { return .synthetic(events: events, coupons: coupons, seed: 1) }
    let bytes = try readFile(requests, bytesMax: LoadLimits.requestsBytesMax)
    do {
      return .recorded(try RecordedRequests(decoding: bytes))
    } catch {
      throw CommandError("\(requests): \(error)")
    }
  }

  private func write(_ report: LoadReport, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      try (encoder.encode(report) + Data("\n".utf8)).write(to: URL(filePath: path))
    } catch {
      throw CommandError("\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}
