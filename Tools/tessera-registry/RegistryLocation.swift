public import ArgumentParser
import CommandOutput
import Foundation
public import ModelRegistry

/// Which registry a command is about.
struct RegistryLocation: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The registry's folder. Without it: $TESSERA_REGISTRY, then .tessera/registry.",
      valueName: "dir"))
  var registry: String?

  func open(_ access: Registry.Access) throws -> Registry {
    try Registry(path: path, access: access)
  }

  /// For a change of a registry that must be there: a mistyped folder is refused, not made.
  func openExisting() throws -> Registry {
    _ = try open(.readOnly)
    return try open(.readWrite)
  }

  /// An empty variable counts as unset, as for the server.
  var path: String {
    let named = ProcessInfo.processInfo.environment["TESSERA_REGISTRY"] ?? ""
    return registry ?? (named.isEmpty ? ".tessera/registry" : named)
  }
}

/// Who makes a change, for the audit trail.
struct Author: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who makes the change, for the audit trail. Without it: user@host.", valueName: "name"))
  var who: String?

  /// Made at this moment: the one place where a clock is read.
  func change(why: String?) -> Change {
    Change(who: who ?? "\(NSUserName())@\(ProcessInfo.processInfo.hostName)", now: Date(), why: why)
  }
}

/// Whether the answer is for a program.
struct OutputForm: ParsableArguments {
  @Flag(help: "Print one JSON value for programs in place of text for people.")
  var json = false

  func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // The encoder escapes the control characters below 32, terminals obey those above 126 as well.
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    let escaped = text.unicodeScalars.map { scalar in
      0x7F...0x9F ~= scalar.value ? String(format: "\\u%04x", scalar.value) : String(scalar)
    }
    try write(Array((escaped.joined() + "\n").utf8))
  }
}

extension Manifest.Precision: ExpressibleByArgument {}
