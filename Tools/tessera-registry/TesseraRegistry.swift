// The command line of a registry: a file per verb. Errors go to stderr in one line and exit with 1;
// a wrong use of the command exits with 64.

import ArgumentParser
import CommandOutput
import Glibc
import TesseraWire

@main
struct TesseraRegistry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera-registry",
    abstract: "Keeps models, their versions, and which version is live.",
    discussion: """
      A model folder that was exported from training becomes a version with `import`; a server that \
      follows an alias (usually "production") serves it soon after `promote` has returned, once it is \
      loaded, and the one before it again after `rollback`. Every change is one transaction: a crash leaves the \
      registry as it was before or as it is after, never between.

      The registry is a folder: --registry DIR, or $TESSERA_REGISTRY, or .tessera/registry.
      """,
    version: Release.number,
    subcommands: [
      ImportVerb.self, ListVerb.self, ShowVerb.self, PromoteVerb.self, RollbackVerb.self,
      RemoveVerb.self, VerifyVerb.self, GCVerb.self, BackupVerb.self, RestoreVerb.self,
      MigrateVerb.self,
    ])

  static func main() {
    // A write that fails comes back as an error: a closed pipe, a limit on the size of files.
    _ = signal(SIGPIPE, SIG_IGN)
    _ = signal(SIGXFSZ, SIG_IGN)
    guard Supervision.isWorker else { Supervision.run() }
    Supervision.endWithParent()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// The command's last word: help goes to standard output, a refusal to standard error.
  private static func end(with error: any Error) -> Never {
    let code = exitCode(for: error)
    let message = fullMessage(for: error)
    if code.isSuccess {
      do { try write(Array((message + "\n").utf8)) } catch { end(with: error) }
    } else if !message.isEmpty {
      // Only the text about a wrong use has lines of its own.
      let words = CommandLine.arguments.filter { $0.contains("\n") }
      complain(
        words.reduce(message) { $0.replacing($1, with: visible($1)) },
        keepingNewlines: code == .validationFailure)
    }
    Glibc.exit(code.rawValue)
  }

  @OptionGroup var location: RegistryLocation
}
