// The command line that puts questions to a server: a file per verb. Errors go to stderr in one line and exit with 1;
// a wrong use of the command exits with 64.

import ArgumentParser
import TesseraWire

@main
struct TesseraLoad: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera-load",
    abstract: "Loads a scoring server, or scores one household.",
    version: Release.number,
    subcommands: [RunVerb.self, ScoreVerb.self])
}
