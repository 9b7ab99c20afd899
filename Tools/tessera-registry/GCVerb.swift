import ArgumentParser
import CommandOutput
import ModelRegistry

struct GCVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Reclaims what no version and no alias has needed for a while.",
    discussion: """
      What was reclaimed is used again by later imports; --shrink makes the file smaller instead, for \
      which it is written anew while changes wait.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author
  @Option(
    // A number below zero is told what is wrong with it, and not taken for an option.
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long something must have been unused. A server may still be reading it.",
      valueName: "hours"))
  var graceHours = RegistryLimits.graceSeconds / 3_600
  @Flag(help: "Make the file as small as its content.")
  var shrink = false

  func validate() throws {
    let most = RegistryLimits.graceSecondsMax / 3_600
    guard (0...most).contains(graceHours) else {
      throw ValidationError("--grace-hours is \(graceHours); it must be from 0 to \(most)")
    }
  }

  func run() throws {
    let registry = try location.openExisting()
    let reclaimed = try registry.gc(
      graceSeconds: graceHours * 3_600, change: author.change(why: nil))
    if shrink { try registry.compact() }
    try emit(
      "reclaimed \(reclaimed.removed) blobs and manifests, \(byteText(reclaimed.removedBytes)); "
        + "\(reclaimed.waiting) unused ones wait for their grace period")
  }
}
