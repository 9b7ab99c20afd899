// The command line that puts questions to a server: a file per verb. Errors go to stderr in one line and exit with 1;
// a wrong use of the command exits with 64.

import ArgumentParser

@main
struct TesseraLoad: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera-load",
    abstract: "Loads a scoring server, or scores one household.",
    subcommands: [RunVerb.self, ScoreVerb.self])
}
