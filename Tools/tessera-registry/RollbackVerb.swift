import ArgumentParser
import CommandOutput
import ModelRegistry

struct RollbackVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Points an alias back to the version before its last promotion.",
    discussion: """
      Given again, it goes back one promotion more. When no promotion is left, it says so and changes \
      nothing.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author
  @OptionGroup var form: OutputForm
  @Argument(help: "The model's name.")
  var model: String
  @Option(help: "The alias to point back.")
  var alias = "production"
  @Option(help: ArgumentHelp("The reason, for the audit trail.", valueName: "text"))
  var why: String?

  func run() throws {
    let move = try location.openExisting().rollback(
      model: model, alias: alias, change: author.change(why: why))
    if form.json { return try form.printJSON(MoveOutput(move)) }
    let before = move.from.map { " (was version \($0))" } ?? ""
    try emit("\(alias) of \(model) points to version \(move.to) again\(before)")
  }
}
