import ArgumentParser
import Credential
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

  @Option(
    help: ArgumentHelp(
      "File with the credential, in place of $TESSERA_TOKEN; a line break at its end does not count.",
      valueName: "file"))
  var tokenFile: String?

  func reference() throws -> ModelReference {
    guard let version else { return ModelReference(model, alias: alias ?? "production") }
    guard alias == nil else { throw ValidationError("give --alias or --version, not both") }
    guard version > 0 else { throw ValidationError("versions count from 1") }
    return ModelReference(model, version: version)
  }

  /// What the server asks for in HELLO.
  func credential() throws -> [UInt8] {
    do throws(CredentialError) {
      return try Credential.read(file: tokenFile)
    } catch {
      throw ValidationError(error.description)
    }
  }
}

private func serverAddress(_ text: String) throws -> ServerAddress {
  guard let address = ServerAddress(text) else {
    throw ValidationError("'\(text)' is not HOST:PORT")
  }
  return address
}
