import ArgumentParser
import Foundation
import TesseraClient

/// Which model of which server a command is about.
struct ServedModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the server listens; an IPv6 address in brackets.", valueName: "host:port"),
    transform: serverAddress)
  var server: ServerAddress

  @Option(help: ArgumentHelp("The model's name.", valueName: "name"))
  var model: String

  @Option(help: ArgumentHelp("The alias to follow (default: production).", valueName: "alias"))
  var alias: String?

  @Option(help: ArgumentHelp("Exactly this version, in place of an alias.", valueName: "n"))
  var version: UInt32?

  func reference() throws -> ModelReference {
    guard let version else { return ModelReference(model, alias: alias ?? "production") }
    guard alias == nil else { throw ValidationError("give --alias or --version, not both") }
    guard version > 0 else { throw ValidationError("versions count from 1") }
    return ModelReference(model, version: version)
  }

  static var credential: [UInt8] {
    Array((ProcessInfo.processInfo.environment["TESSERA_TOKEN"] ?? "").utf8)
  }
}

private func serverAddress(_ text: String) throws -> ServerAddress {
  guard let address = ServerAddress(text) else {
    throw ValidationError("'\(text)' is not HOST:PORT")
  }
  return address
}
