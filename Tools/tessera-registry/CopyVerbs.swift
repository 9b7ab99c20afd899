import ArgumentParser
import CommandOutput
import ModelRegistry

struct BackupVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copies the registry into a new folder, while it is in use.",
    discussion:
      "Servers go on reading; changes wait until the copy is done. The copy is a registry.")

  @OptionGroup var location: RegistryLocation
  @Argument(help: "The folder to make.", completion: .directory)
  var folder: String

  func run() throws {
    try location.open(.readOnly).backup(to: folder)
    try emit("copied to \(folder)")
  }
}

struct RestoreVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Puts a backup in the place of the registry, whatever state that is in.",
    discussion: """
      The backup is verified first. The change is one step, and running servers follow it.
      """)

  @OptionGroup var location: RegistryLocation
  @Argument(help: "The backup's folder.", completion: .directory)
  var folder: String

  func run() throws {
    try Registry.restore(folder, to: location.path)
    try emit("\(location.path) is now as in \(folder)")
  }
}

struct MigrateVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Brings a registry of the format before this one to the present format.",
    discussion: """
      Stop the servers and tools of the release before first. Versions keep their numbers, aliases their \
      histories, and the audit trail goes on. The old data file is kept; delete it when you are content.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author

  func run() throws {
    let migration = try Registry.migrate(path: location.path, change: author.change(why: nil))
    try emit(
      "migrated \(migration.versions) versions, \(migration.aliases) aliases, "
        + "\(migration.audit) audit records and \(migration.blobs) blobs; the old file is "
        + migration.kept)
  }
}
