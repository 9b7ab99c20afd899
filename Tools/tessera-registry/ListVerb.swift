import ArgumentParser
import ModelRegistry

struct ListVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists models and versions, and which aliases point to them.")

  @OptionGroup var location: RegistryLocation
  @OptionGroup var form: OutputForm
  @Argument(help: "Only this model.")
  var model: String?

  func run() throws {
    let registry = try location.open(.readOnly)
    let aliases = try registry.aliases()
    var rows: [Row] = []
    for model in try model.map({ [$0] }) ?? registry.models() {
      for (version, _) in try registry.versions(model: model) {
        let (digest, manifest) = try registry.manifest(model: model, version: version)
        rows.append(
          Row(
            model: model, version: version, precision: manifest.precision.rawValue,
            tensors: manifest.tensors.count, storedBytes: manifest.storedBytes,
            created: manifest.created,
            aliases: aliases.filter { $0.model == model && $0.version == version }.map(\.alias),
            note: manifest.note, manifest: digest))
      }
    }
    if form.json { return try form.printJSON(rows) }
    if rows.isEmpty { return print("no models yet; `tessera-registry import FOLDER` adds one") }
    var table = TextTable("MODEL", "VERSION", "PRECISION", "SIZE", "IMPORTED", "ALIASES", "NOTE")
    for row in rows {
      table.add(
        row.model, "\(row.version)", row.precision, byteText(row.storedBytes),
        timeText(row.created), row.aliases.joined(separator: ", "), row.note ?? "")
    }
    print(table.text)
  }

  private struct Row: Encodable {
    var model: String
    var version: UInt32
    var precision: String
    var tensors: Int
    var storedBytes: Int
    var created: String
    var aliases: [String]
    var note: String?
    var manifest: Digest
  }
}
