internal import ArgumentParser
import TesseraWire

/// Measures the engine by itself: no server, no network.
@main
struct TesseraBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera-bench",
    abstract: "Measures the engine by itself: no server, no network.",
    version: Release.number,
    subcommands: [
      PlanCommand.self, ScoreCommand.self, PeersCommand.self, KernelsCommand.self,
      CurvesCommand.self,
    ])
}
