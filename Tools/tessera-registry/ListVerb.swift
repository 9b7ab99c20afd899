import ArgumentParser
import CommandOutput
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
    let objects = try registry.objects()
    let models = objects.filter { $0.kind == .model }.map(\.name)
    var rows: [Row] = []
    var damages: [RegistryError] = []
    for model in model.map({ [$0] }) ?? models {
      let aliases = try registry.aliases(model: model)
      damages += aliases.compactMap(\.state.damage)
      for entry in try versions(of: model, in: registry) {
        do throws(RegistryError) {
          rows.append(try Row(entry, of: model, in: registry, aliases: aliases))
        } catch {
          if !error.isAboutRemoved { damages.append(error) }
        }
      }
    }
    if form.json {
      try form.printJSON(rows)
    } else if rows.isEmpty && damages.isEmpty {
      try emit("no models yet; `tessera-registry import FOLDER` adds one")
    } else {
      try emit(table(rows))
    }
    if !form.json && model == nil {
      for object in objects where object.kind != .model {
        try emit("\(object.kind) \(object.name): of a kind that this release does not know")
      }
    }
    if damages.isEmpty { return }
    for damage in damages { complain("damaged: \(damage)") }
    throw ExitCode.failure
  }

  private func versions(of name: String, in registry: Registry) throws -> [VersionEntry] {
    do throws(RegistryError) {
      return try registry.versions(of: name)
    } catch {
      guard model == nil, error.isAboutRemoved else { throw error }
      return []
    }
  }

  private func table(_ rows: [Row]) -> String {
    var table = TextTable("MODEL", "VERSION", "PRECISION", "SIZE", "IMPORTED", "ALIASES", "NOTE")
    for row in rows {
      table.add(
        row.model, "\(row.version)", row.precision, byteText(row.storedBytes),
        timeText(row.created), row.aliases.joined(separator: ", "), row.note ?? "")
    }
    return table.text
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

    init(
      _ entry: VersionEntry, of model: String, in registry: Registry, aliases: [AliasEntry]
    ) throws(RegistryError) {
      let record = try registry.version(model: model, entry.version)
      let (digest, manifest) = try registry.manifest(model: model, version: entry.version)
      self.model = model
      version = entry.version
      precision = manifest.precision.rawValue
      tensors = manifest.tensors.count
      storedBytes = manifest.storedBytes
      created = record.created
      note = record.note
      self.manifest = digest
      self.aliases = aliases.filter {
        $0.state.record?.target.versions.contains(entry.version) == true
      }.map(\.alias)
    }
  }
}

extension RegistryError {
  /// What was listed a moment ago has been removed since.
  fileprivate var isAboutRemoved: Bool { code == .unknownVersion || code == .unknownModel }
}

extension Recorded {
  fileprivate var damage: RegistryError? {
    guard case .damaged(let error) = self else { return nil }
    return error
  }
}
