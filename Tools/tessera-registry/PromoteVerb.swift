import ArgumentParser
import CommandOutput
import ModelRegistry

struct PromoteVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Points aliases to versions: servers that follow an alias serve it.",
    usage: """
      tessera-registry promote MODEL VERSION [--alias ALIAS] [--why TEXT]
      tessera-registry promote MODEL@ALIAS=VERSION ... [--why TEXT]
      """,
    discussion: """
      The versions are verified first. Several aliases move in one step: all of them or none. When the \
      command has returned, no crash undoes it. Given again, it changes nothing.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author
  @OptionGroup var form: OutputForm
  @Argument(
    help: ArgumentHelp(
      "A model and the version to serve; or any number of MODEL@ALIAS=VERSION.",
      valueName: "what"))
  var words: [String]
  @Option(help: "The alias to point to VERSION; made if it is new.")
  var alias = "production"
  @Option(help: ArgumentHelp("The reason, for the audit trail.", valueName: "text"))
  var why: String?

  func validate() throws { _ = try promotions() }

  func run() throws {
    let moves = try location.openExisting().promote(
      promotions(), change: author.change(why: why))
    let outputs = moves.map(MoveOutput.init)
    if form.json {
      return words.count == 2 && !words[0].contains("=")
        ? try form.printJSON(outputs[0]) : try form.printJSON(outputs)
    }
    for move in moves {
      guard move.isChange else {
        try emit(
          "\(move.alias) of \(move.model) points to version \(move.to) already; nothing changed")
        continue
      }
      let before = move.from.map { "was version \($0)" } ?? "new alias"
      try emit("\(move.alias) of \(move.model) now points to version \(move.to) (\(before))")
    }
  }

  private func promotions() throws -> [Promotion] {
    if words.count == 2, !words[0].contains("=") {
      guard let version = UInt32(words[1]) else {
        throw ValidationError(
          "\"\(visible(words[1]))\" is not a version, a whole number from 1 to \(UInt32.max)")
      }
      return [Promotion(model: words[0], alias: alias, version: version)]
    }
    return try words.map { word in
      let sides = word.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2, let version = UInt32(sides[1]),
        let (model, alias) = AliasName.parse(String(sides[0]))
      else {
        throw ValidationError(
          "\"\(visible(word))\" is not MODEL@ALIAS=VERSION with a version from 1 to \(UInt32.max); a "
            + "single promotion is MODEL VERSION")
      }
      return Promotion(model: model, alias: alias, version: version)
    }
  }
}

/// An alias as people write it.
enum AliasName {
  /// `MODEL@ALIAS`; `nil` when it is not that.
  static func parse(_ text: String) -> (model: String, alias: String)? {
    let sides = text.split(separator: "@", omittingEmptySubsequences: false)
    guard sides.count == 2 else { return nil }
    return (String(sides[0]), String(sides[1]))
  }
}

/// A move of an alias, for programs.
struct MoveOutput: Encodable {
  var model: String
  var alias: String
  var from: AliasTarget?
  var to: AliasTarget
  var changed: Bool

  init(_ move: AliasMove) {
    model = move.model
    alias = move.alias
    from = move.from
    to = move.to
    changed = move.isChange
  }
}
