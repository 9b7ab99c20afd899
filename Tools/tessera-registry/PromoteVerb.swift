import ArgumentParser
import ModelRegistry

struct PromoteVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Points an alias to a version: servers that follow the alias serve it.",
    discussion: """
      The version is verified first. When the command has returned, no crash undoes it. Given again, \
      it changes nothing.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author
  @OptionGroup var form: OutputForm
  @Argument(help: "The model's name.")
  var model: String
  @Argument(help: "The version to serve.")
  var version: UInt32
  @Option(help: "The alias to point to it; made if it is new.")
  var alias = "production"
  @Option(help: ArgumentHelp("The reason, for the audit trail.", valueName: "text"))
  var why: String?

  func run() throws {
    let move = try location.openExisting().promote(
      model: model, version: version, alias: alias, change: author.change(why: why))
    if form.json { return try form.printJSON(MoveOutput(move, model: model, alias: alias)) }
    guard move.isChange else {
      return print("\(alias) of \(model) points to version \(version) already; nothing changed")
    }
    let before = move.from.map { "was version \($0)" } ?? "new alias"
    print("\(alias) of \(model) now points to version \(move.to) (\(before))")
  }
}

/// A move of an alias, for programs.
struct MoveOutput: Encodable {
  var model: String
  var alias: String
  var from: UInt32?
  var to: UInt32
  var changed: Bool

  init(_ move: AliasMove, model: String, alias: String) {
    self.model = model
    self.alias = alias
    from = move.from
    to = move.to
    changed = move.isChange
  }
}
