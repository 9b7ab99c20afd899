import Foundation
import ModelRegistry
import Testing

@Suite("A disk without room")
struct FullDiskTests {
  let folder = TemporaryFolder()

  @Test("A file that may not grow is an error that speaks of a full disk, and nothing has changed")
  func limitedFile() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let before = try content(of: registry.path)
    let large = try SampleModel(seed: 5, width: 16_000).write(to: folder / "large")
    // In blocks of 512 bytes: less than the import needs, more than what is there.
    for (blocks, verb, argument, words) in [
      (300, "import", large, "the disk is full, or it is damaged"),
      (20, "backup", folder / "backup", "the file may not become larger"),
    ] {
      let run = try Command(
        shell: "ulimit -f \(blocks); exec \"$@\"", "--registry", registry.path, verb, argument)
      let (status, _, errors) = try run.finish()
      #expect(status == 1 && run.process.terminationReason == .exit)
      #expect(errors.contains(words), "\(errors)")
      #expect(errors.filter { $0 == "\n" }.count == 1)
    }
    #expect(try content(of: registry.path) == before)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder / "backup") == ["lock"],
      "what could not be written whole does not stay")
  }

  @Test(
    "On a full disk reading goes on, also without its lock file, and changes are refused",
    .enabled(if: LockTests.canUnshare, "needs unshare, and leave to make namespaces"))
  func fullDisk() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let script = """
      set -e
      mount -t tmpfs -o size=256k none '\(folder / "disk")'
      cp -r '\(registry.path)' '\(folder / "disk/registry")'
      rm '\(folder / "disk/registry/lock")'
      cat /dev/zero > '\(folder / "disk/fill")' 2>/dev/null || true
      set +e
      "$@" list; echo "list $?"
      "$@" verify; echo "verify $?"
      "$@" promote coupon 1; echo "promote $?"
      "$@" list | grep -c production
      """
    try FileManager.default.createDirectory(
      atPath: folder / "disk", withIntermediateDirectories: true)
    let run = try Command(
      apart: "--mount", shell: script, "--registry", folder / "disk/registry")
    let (_, output, errors) = try run.finish()
    #expect(output.contains("list 0") && output.contains("verify 0"))
    #expect(output.contains("promote 1") && output.hasSuffix("\n0\n"), "\(output)")
    #expect(errors.contains("the disk is full"))
    #expect(!errors.contains("Input/output error"))
  }
}
