import ArgumentParser
import CommandOutput
import ModelRegistry

struct VerifyVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks every digest and size, decodes everything, and names what is damaged.",
    discussion: """
      Exits with 0 when all is well and with 1 when anything is damaged. A damaged version is never \
      served: servers keep the version before it. Importing the same folder again repairs its blobs.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var form: OutputForm

  func run() throws {
    let report = try location.open(.readOnly).verify()
    if form.json {
      try form.printJSON(Output(report))
    } else {
      for problem in report.problems { try emit("damaged: \(problem)") }
      let found = report.problems.isEmpty ? "all is well" : "\(report.problems.count) problems"
      try emit(
        "\(report.versions) versions, \(report.blobs) blobs, \(byteText(report.storedBytes)): \(found)"
      )
      if report.unknownKinds > 0 {
        try emit(
          "\(report.unknownKinds) versions are of kinds that this release does not know; of these only "
            + "the manifests were checked")
      }
      if report.unused > 0 { try emit("\(report.unused) blobs and manifests belong to no version") }
    }
    if !report.problems.isEmpty { throw ExitCode(1) }
  }

  private struct Output: Encodable {
    struct Problem: Encodable {
      var place: String
      var message: String
    }
    var versions: Int
    var blobs: Int
    var storedBytes: Int
    var unknownKinds: Int
    var unused: Int
    var problems: [Problem]

    init(_ report: VerificationReport) {
      versions = report.versions
      blobs = report.blobs
      storedBytes = report.storedBytes
      unknownKinds = report.unknownKinds
      unused = report.unused
      problems = report.problems.map { Problem(place: $0.place, message: $0.message) }
    }
  }
}
