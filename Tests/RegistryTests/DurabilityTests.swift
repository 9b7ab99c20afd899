import Foundation
import ModelRegistry
import Testing

/// A killed process loses nothing that it has written, for the kernel has it. What a loss of power would lose shows
/// only in the system calls.
@Suite("Durability")
struct DurabilityTests {
  let folder = TemporaryFolder()

  @Test(
    "A promotion syncs its pages, and then writes the meta page through a descriptor that syncs it",
    .enabled(if: Command.canTrace, "needs strace, and leave to trace"))
  func synced() throws {
    let path = try Registry.sample(in: folder, versions: 1).path
    let trace = folder / "trace"
    let run = try Command(tracing: trace, "--registry", path, "promote", "coupon", "1").finish()
    #expect(run.status == 0)
    var syncing: Set<Substring> = []
    var plain: Set<Substring> = []
    var isSynced = true
    var metaPages = 0
    for line in try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n") {
      // `openat(AT_FDCWD, "…/data.mdb", O_RDWR|O_CREAT|O_DSYNC|O_CLOEXEC, 0644) = 5`, after the process id.
      if line.contains("openat("), line.contains("/data.mdb\""),
        line.contains("O_RDWR") || line.contains("O_WRONLY"),
        let descriptor = line.split(separator: " ").last
      {
        if line.contains("O_DSYNC") || line.contains("O_SYNC") {
          syncing.insert(descriptor)
        } else {
          plain.insert(descriptor)
        }
      }
      guard let call = line.firstMatch(of: /(pwrite64|pwritev|writev|write|fdatasync|fsync)\((\d+)/)
      else { continue }
      let descriptor = call.2
      switch call.1 {
      case "fdatasync", "fsync": if plain.contains(descriptor) { isSynced = true }
      default:
        if plain.contains(descriptor) { isSynced = false }
        if syncing.contains(descriptor) {
          #expect(isSynced, "a meta page before its pages: \(line)")
          metaPages += 1
        }
      }
    }
    #expect(isSynced)
    #expect(metaPages == 1)
  }
}
