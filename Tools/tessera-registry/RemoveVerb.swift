import ArgumentParser
import CommandOutput
import ModelRegistry

struct RemoveVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Removes an alias, or a version that no alias needs.",
    usage: """
      tessera-registry remove MODEL@ALIAS [--why TEXT]
      tessera-registry remove MODEL VERSION [--forget-history] [--why TEXT]
      """,
    discussion: """
      Servers stop answering under an alias that was removed. A version that an alias points to stays; \
      one that a rollback may return to is removed only with --forget-history. Its number is not given \
      out again. `gc` reclaims the space after a while.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author
  @Argument(help: ArgumentHelp("MODEL@ALIAS, or a model's name.", valueName: "what"))
  var what: String
  @Argument(help: "The version.")
  var version: UInt32?
  @Flag(help: "Take the version out of the histories of aliases: no rollback returns to it.")
  var forgetHistory = false
  @Option(help: ArgumentHelp("The reason, for the audit trail.", valueName: "text"))
  var why: String?

  func validate() throws {
    guard (AliasName.parse(what) == nil) == (version != nil) else {
      throw ValidationError("give MODEL@ALIAS, or MODEL and VERSION")
    }
  }

  func run() throws {
    let registry = try location.openExisting()
    let change = author.change(why: why)
    if let version {
      try registry.remove(
        model: what, version: version, forgettingHistory: forgetHistory, change: change)
      return try emit("removed \(what) version \(version)")
    }
    guard let (model, alias) = AliasName.parse(what) else { return }
    let target = try registry.remove(model: model, alias: alias, change: change)
    let before = target.map { " (pointed to version \($0))" } ?? ""
    try emit("removed alias \(alias) of \(model)\(before)")
  }
}
