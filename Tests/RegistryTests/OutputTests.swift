import Foundation
import ModelRegistry
import Testing

@Suite("What the commands print, and where they cannot")
struct OutputTests {
  let folder = TemporaryFolder()
  private var path: String { folder / "registry" }

  /// Every verb, in an order in which each has something to say.
  private func verbs() throws -> [[String]] {
    let source = try SampleModel(seed: 1).write(to: folder / "source")
    let old = folder / "format-1"
    try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
    let vector = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Registry/vectors/format-1/data.mdb")
    try FileManager.default.copyItem(at: vector, to: URL(filePath: "\(old)/data.mdb"))
    let own = [
      ["import", source], ["list"], ["show", "coupon"], ["promote", "coupon", "1"],
      ["promote", "coupon", "1"], ["rollback", "coupon"], ["verify"], ["gc"],
      ["backup", folder / "backup"], ["restore", folder / "backup"],
      ["remove", "coupon@production"],
    ]
    return own.map { ["--registry", path] + $0 } + [["--registry", old, "migrate"]] + [["--help"]]
  }

  @Test("An output that cannot be written is an error of every verb")
  func fullDevice() throws {
    for verb in try verbs() {
      let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
      let run = try Command(verb, output: full)
      let (status, _, errors) = try run.finish()
      if verb.contains("rollback") { continue }
      #expect(status == 1, "\(verb)")
      #expect(errors == "Error: standard output: No space left on device\n", "\(verb)")
    }
  }

  @Test("A reader that has gone ends every verb without a word, with the status of its signal")
  func closedPipe() throws {
    for verb in try verbs() {
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      let run = try Command(verb, output: pipe.fileHandleForWriting)
      let (status, _, errors) = try run.finish()
      if verb.contains("rollback") { continue }
      #expect(status == 141, "\(verb)")
      #expect(run.process.terminationReason == .exit)
      #expect(errors.isEmpty, "\(verb)")
    }
  }

  @Test("Output or errors that are closed are never taken for a file of the registry")
  func closedDescriptors() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let promote = try Command(
      shell: "\"$@\" >&-; echo \"ended with $?\" >&2", "--registry", path, "promote", "coupon", "1"
    ).finish()
    #expect(promote.errors.contains("standard output: Bad file descriptor"))
    #expect(promote.errors.contains("ended with 1"))
    for closed in [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
      let run = try Command(
        shell: "\"$@\" \(closed); echo \"ended with $?\"", "--registry", path, "show", "none"
      ).finish()
      #expect(run.output == "ended with 1\n", "\(closed): \(run)")
    }
    #expect(try registry.verify().problems.isEmpty)
    #expect(try Registry(path: path, access: .readOnly).aliases().map(\.version) == [1])
  }

  @Test("What others have typed is printed in a written form, by every verb and in refusals")
  func controls() throws {
    let evil = "z\n\u{1b}[2Kb\u{9b}c\u{7f}\u{202e}d\u{2028}"
    let source = try SampleModel(seed: 1).write(to: folder / "source")
    func run(_ verb: String...) throws {
      let (_, output, errors) = try Command(["--registry", path] + verb).finish()
      let printed = output + errors
      for raw in ["\u{1b}", "\u{9b}", "\u{7f}", "\u{202e}", "\u{2028}", "z\n"] {
        #expect(!printed.contains(raw), "\(verb) prints \(raw.unicodeScalars.map(\.value))")
      }
      #expect(printed.contains(#"\u{1b}[2Kb\u{9b}c\u{7f}\u{202e}d"#), "\(verb): \(printed)")
    }
    #expect(
      try Command("--registry", path, "import", source, "--note", evil).finish().status == 0)
    #expect(
      try Command(
        "--registry", path, "promote", "coupon", "1", "--why", evil, "--who", evil
      ).finish().status == 0)
    try run("list")
    try run("show", evil)
    try run("show", "coupon")
    try run("import", source, "--name", evil)
    try run("import", folder / evil)
    try run("promote", "coupon", evil)
    try run("promote", evil, "1")
    try run("promote", "coupon@production=\(evil)", "x=y")
    try run("rollback", "coupon", "--alias", evil)
    try run("remove", "coupon@\(evil)")
    try run("remove", "coupon", evil)
    try run("gc", "--grace-hours", evil)
    try run("backup", "/dev/null/\(evil)")
    try run("restore", folder / evil)
    try run(evil)
    for verb in [["list"], ["show", "coupon"]] {
      let json = try Command(["--registry", path] + verb + ["--json"]).finish().output
      #expect(!json.contains("\u{9b}") && !json.contains("\u{7f}") && !json.contains("\u{1b}"))
      #expect(json.contains(#"b\u009bc\u007f"#))
    }
  }

  @Test("show has every metric with the way to it")
  func metrics() throws {
    var model = try SampleModel(seed: 1)
    model.metrics = #"{"test": {"auc": 0.71, "by": [1, {"x": "y"}]}, "pairs": 1200, "seed": null}"#
    let source = try model.write(to: folder / "source")
    #expect(try Command("--registry", path, "import", source).finish().status == 0)
    let shown = try Command("--registry", path, "show", "coupon").finish().output
    let section = try #require(shown.firstRange(of: "METRICS\n"))
    let lines = shown[section.upperBound...].split(separator: "\n").prefix(6)
      .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      lines == [
        "NAME VALUE", "pairs 1200", "seed null", "test.auc 0.71", "test.by[0] 1", "test.by[1].x y",
      ])
  }

  @Test("Numbers that are none, or are too large, are refused with what is allowed")
  func numbers() throws {
    _ = try Registry.sample(in: folder, versions: 1)
    for version in ["x", "-1", "4294967296", "99999999999999999999"] {
      let run = try Command("--registry", path, "promote", "--", "coupon", version).finish()
      #expect(run.status == 64)
      #expect(run.errors.contains("is not a version, a whole number from 1 to 4294967295"))
    }
    for hours in ["87601", "9223372036854775807", "99999999999999999999"] {
      let run = try Command("--registry", path, "gc", "--grace-hours", hours).finish()
      #expect(run.status == 64)
      #expect(run.errors.contains("--grace-hours"))
    }
  }

  @Test("A place in a file is said by line and column, with what was expected")
  func places() throws {
    var model = try SampleModel(seed: 1)
    model.json = model.json.replacingOccurrences(of: "\"units\": 6", with: "\"units\": 64.5")
    let half = try model.write(to: folder / "half")
    model.json.removeLast(3)
    let cut = try model.write(to: folder / "cut")
    let first = try Command("--registry", path, "import", half).finish().errors
    #expect(
      first.contains("model.json: nodes[3].units: is 64.5, not a whole number (line 10, column 66)")
    )
    let second = try Command("--registry", path, "import", cut).finish().errors
    #expect(second.contains("the string that begins here does not end (line 13, column 14)"))
  }
}
