import ArgumentParser
import CommandOutput
import ModelGraph
import ModelRegistry
import TesseraWire

struct ShowVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows a version: signature, graph, tensors with their error, and what was done.",
    discussion: """
      The version is loaded and verified as a server would do it. Without VERSION: the one that \
      "production" points to, or the latest.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var form: OutputForm
  @Argument(help: "The model's name.")
  var model: String
  @Argument(help: "The version.")
  var version: UInt32?

  func run() throws {
    let registry = try location.open(.readOnly)
    let aliases = try registry.aliases(model: model)
    let latest = try registry.versions(of: model).last?.version
    let live = aliases.first { $0.alias == "production" }?.state.record?.target.shares.first?
      .version
    // A model has at least one version, so the last resort is never reached.
    let stored = try registry.load(model: model, version: version ?? live ?? latest ?? 1)
    let record = try registry.version(model: model, stored.version)
    let audit = try registry.auditTrail(model: model)
    if form.json {
      let own = aliases.filter {
        $0.state.record?.target.versions.contains(stored.version) == true
      }.map(\.alias)
      return try form.printJSON(
        Output(
          model: model, version: stored.version, manifestDigest: stored.digest,
          created: record.created, note: record.note, aliases: own, manifest: stored.manifest,
          description: stored.description, audit: audit))
    }
    try emit(heading(stored, record, aliases: aliases))
    try emit("\nSIGNATURE\n" + signature(of: stored.graph))
    try emit("\nGRAPH\n" + nodes(of: stored.graph))
    try emit("\nTENSORS\n" + tensors(of: stored.manifest))
    if let metrics = stored.manifest.metrics { try emit("\nMETRICS\n" + text(of: metrics)) }
    if let effect = stored.manifest.effect {
      try emit("\nEFFECT OF PRECISION\n" + text(of: effect))
    }
    try emit("\nAUDIT TRAIL\n" + trail(audit))
  }

  private func heading(
    _ stored: StoredModel, _ record: VersionRecord, aliases: [AliasEntry]
  ) -> String {
    let manifest = stored.manifest
    var table = TextTable("\(stored.name) version \(stored.version)")
    table.add("  imported", timeText(record.created) + " UTC")
    table.add("  precision", manifest.precision.rawValue)
    table.add("  stored", byteText(manifest.storedBytes))
    table.add("  manifest", stored.digest.description)
    table.add("  warm-up", manifest.warmup.map { byteText($0.rawBytes) } ?? "none")
    for alias in aliases {
      table.add("  \(alias.alias)", words(alias.state))
    }
    if let note = record.note { table.add("  note", note) }
    return table.text
  }

  private func words(_ state: Recorded<AliasRecord>) -> String {
    switch state {
    case .present(let record):
      let back = record.history.last.map { ", rollback returns to \($0)" } ?? ""
      return "version \(record.target) since \(timeText(record.since))\(back)"
    case .removed(let time): return "removed \(timeText(time))"
    case .damaged(let error): return "damaged: \(error)"
    }
  }

  private func signature(of graph: TypedGraph) -> String {
    var table = TextTable("  COLUMN", "AXIS", "KIND", "BECOMES")
    for (column, edge) in zip(graph.signature.columns, graph.inputs) {
      table.add("  \(column.name)", "\(column.axis)", "\(column.kind)", edge.type.words)
    }
    let limits = graph.description.limits
    return table.text
      + "\n  up to \(limits.events) events and \(limits.coupons) coupons a user"
      + "\n  outputs: \(graph.description.outputs.joined(separator: ", "))"
  }

  private func nodes(of graph: TypedGraph) -> String {
    var table = TextTable("  NODE", "OPERATION", "AXIS", "WIDTH", "READS")
    for node in graph.nodes {
      table.add(
        "  \(node.description.name)", node.description.operation.name, "\(node.axis)",
        "\(node.width)", node.description.inputs.joined(separator: ", "))
    }
    return table.text
  }

  private func tensors(of manifest: Manifest) -> String {
    var table = TextTable(
      "  TENSOR", "SHAPE", "DTYPE", "STORED", "RAW", "LARGEST ERROR", "RMS ERROR")
    for tensor in manifest.tensors {
      table.add(
        "  \(tensor.name)", tensor.shape.map(String.init).joined(separator: " x "),
        tensor.dtype.rawValue, byteText(tensor.blob.storedBytes), byteText(tensor.blob.rawBytes),
        tensor.quantisation.map { "\($0.maxAbsoluteError)" } ?? "",
        tensor.quantisation.map { percentText($0.relativeRMSError) } ?? "")
    }
    return table.text
  }

  /// Every number and word with the way to it: `after_cut.pairs`.
  private func text(of metrics: JSONValue) -> String {
    var table = TextTable("  NAME", "VALUE")
    for (name, value) in metrics.leaves { table.add("  \(name)", value) }
    return table.text
  }

  private func trail(_ records: [AuditRecord]) -> String {
    var table = TextTable("  WHEN", "WHO", "WHAT", "WHY")
    for record in records {
      let what = words(record)
      table.add("  \(timeText(record.when))", record.who, what, record.why ?? "")
    }
    return table.text
  }

  private func words(_ record: AuditRecord) -> String {
    let alias = record.alias ?? "?"
    let move =
      "\(alias): \(record.from?.description ?? "none") -> \(record.to?.description ?? "none")"
    let version = record.version.map { "version \($0)" }
    return switch record.action {
    case .importVersion: "imported \(version ?? "?")"
    case .promote: move
    case .rollback: move + ", rolled back"
    case .remove: "removed \(version ?? "alias \(alias)")"
    // Actions are an open set: what a later release has done is named.
    case let action: action.description
    }
  }

  private struct Output: Encodable {
    var model: String
    var version: UInt32
    var manifestDigest: Digest
    var created: String
    var note: String?
    var aliases: [String]
    var manifest: Manifest
    var description: ModelDescription
    var audit: [AuditRecord]
  }
}

extension TypedGraph.ValueType {
  fileprivate var words: String {
    switch self {
    case .id(let rows): "a row of \(rows)"
    case .bag(let rows): "rows of \(rows)"
    case .vector(let width): width == 1 ? "a number" : "\(width) numbers"
    }
  }
}
