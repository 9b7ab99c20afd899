import Foundation
import ModelGraph
import ModelRegistry
import TesseraWire
import Testing

@Suite("The command line")
struct CommandTests {
  let folder = TemporaryFolder()
  private var path: String { folder / "registry" }

  @Test("Golden scores that float32 does not give refuse the import; forced, the reason is stored")
  func golden() throws {
    let model = try SampleModel(seed: 1)
    let source = try model.write(to: folder / "source")
    let scores = TensorData(name: "redeem", shape: [1, 1], storage: .float32([2]))
    try Data(model.warmup ?? []).write(to: URL(filePath: source + "/golden.frames"))
    let alone = try Command("--registry", path, "import", source).finish()
    #expect(alone.status == 1 && alone.errors.contains("belong together"))
    try Data(SafetensorsFile.encode([scores]))
      .write(to: URL(filePath: source + "/golden.safetensors"))
    let refused = try Command("--registry", path, "import", source).finish()
    #expect(refused.status == 1 && refused.errors.contains("does not score as the golden scores"))
    #expect(
      try Command("--registry", path, "list").finish().status == 1, "there is no registry yet")
    let forced = try Command("--registry", path, "import", source, "--force", "an old model")
      .finish()
    #expect(forced.status == 0, "\(forced.errors)")
    let shown = try Command("--registry", path, "show", "coupon").finish().output
    #expect(shown.contains("EFFECT OF PRECISION") && shown.contains("an old model"))
  }

  @Test("A model is imported, promoted, listed, shown, rolled back and verified by commands")
  func day() throws {
    for seed in 1...2 {
      let source = try SampleModel(seed: UInt64(seed)).write(to: folder / "source-\(seed)")
      let run = try Command("--registry", path, "import", source, "--note", "day \(seed)").finish()
      #expect(run.status == 0)
      #expect(run.output.hasPrefix("imported coupon version \(seed): auto, 5 tensors, "))
      #expect(run.errors.isEmpty)
    }
    let again = try Command("import", "--registry", path, folder / "source-1").finish()
    #expect(again.status == 0)
    #expect(again.output.contains("version 1 was made from the same files before"))

    for version in ["1", "2"] {
      let run = try Command(
        "--registry", path, "promote", "coupon", version, "--why", "better", "--who", "deploy"
      ).finish()
      #expect(run.output.hasPrefix("production of coupon now points to version \(version)"))
    }
    let list = try Command("--registry", path, "list").finish().output.split(separator: "\n")
    #expect(list.count == 3)
    #expect(list[0].hasPrefix("MODEL"))
    #expect(list[1].contains("day 1") && !list[1].contains("production"))
    #expect(list[2].contains("day 2") && list[2].contains("production"))

    let shown = try Command("--registry", path, "show", "coupon").finish().output
    for words in [
      "coupon version 2", "SIGNATURE", "item", "a row of 21", "GRAPH", "pool", "TENSORS",
      "6 x 10", "hidden.weight", "%", "AUDIT TRAIL", "production: 1 -> 2", "better", "deploy",
      "auc",
    ] {
      #expect(shown.contains(words), "show says \(words)")
    }
    let back = try Command("--registry", path, "rollback", "coupon").finish()
    #expect(back.output.hasPrefix("production of coupon points to version 1 again"))
    let verified = try Command("--registry", path, "verify").finish()
    #expect((verified.status, verified.errors) == (0, ""))
    #expect(verified.output.contains("2 versions"))
  }

  @Test("Every verb that reports has a JSON form")
  func json() throws {
    let source = try SampleModel(seed: 1).write(to: folder / "source")
    func run(_ arguments: String...) throws -> Any {
      let command =
        switch arguments.count {
        case 1: try Command("--registry", path, arguments[0], "--json")
        case 2: try Command("--registry", path, arguments[0], arguments[1], "--json")
        default:
          try Command("--registry", path, arguments[0], arguments[1], arguments[2], "--json")
        }
      return try JSONSerialization.jsonObject(with: Data(try command.finish().output.utf8))
    }
    func fields(_ value: Any) -> [String: Any] { value as? [String: Any] ?? [:] }
    #expect(fields(try run("import", source))["version"] as? Int == 1)
    #expect(fields(try run("promote", "coupon", "1"))["changed"] as? Bool == true)
    let list = try run("list") as? [[String: Any]]
    #expect(list?.first?["aliases"] as? [String] == ["production"])
    let show = fields(try run("show", "coupon"))
    #expect((show["audit"] as? [Any])?.count == 2)
    #expect(fields(show["manifest"] as Any)["precision"] as? String == "auto")
    #expect((fields(try run("verify"))["problems"] as? [Any])?.isEmpty == true)
  }

  @Test("A refusal is one line on stderr and exit status 1")
  func refusals() throws {
    var model = try SampleModel(seed: 1)
    let sound = try model.write(to: folder / "sound")
    model.tensors.removeLast()
    let spoilt = try model.write(to: folder / "spoilt")
    #expect(try Command("--registry", path, "import", sound).finish().status == 0)
    let none = folder / "none"
    let runs = [
      try Command("--registry", path, "import", spoilt), try Command("--registry", none, "list"),
      try Command("--registry", path, "promote", "coupon", "9"),
      try Command("--registry", path, "rollback", "coupon"),
      try Command("--registry", path, "show", "other"),
    ]
    for run in runs {
      let (status, output, errors) = try run.finish()
      #expect(status == 1)
      #expect(output.isEmpty)
      #expect(errors.hasPrefix("Error: "))
      #expect(errors.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test("A promotion in a mistyped folder is refused, and no registry is made there")
  func mistyped() throws {
    let none = folder / "none"
    for verb in [["promote", "coupon", "1"], ["rollback", "coupon"]] {
      let (status, _, errors) = try Command(["--registry", none] + verb).finish()
      #expect(status == 1)
      #expect(errors.contains("there is no registry here"))
      #expect(!FileManager.default.fileExists(atPath: none))
    }
  }

  @Test("A first import that is refused makes no registry")
  func refusedFirstImport() throws {
    let none = folder / "none"
    let source = try SampleModel(seed: 1).write(to: folder / "source")
    for words in [["/nonexistent"], [source, "--note", ""], [source, "--name", "no name"]] {
      let (status, _, errors) = try Command(["--registry", none, "import"] + words).finish()
      #expect(status == 1 && errors.hasPrefix("Error: "))
      #expect(!FileManager.default.fileExists(atPath: none))
    }
  }

  @Test("An empty reason is refused: it says nothing, for ever")
  func emptyReason() throws {
    let path = try Registry.sample(in: folder, versions: 1).path
    let run = try Command("--registry", path, "promote", "coupon", "1", "--why", "").finish()
    #expect(run.status == 1 && run.errors.contains("leave it out"))
    #expect(try Registry(path: path, access: .readOnly).aliases(model: "coupon").isEmpty)
  }

  @Test("A backup says what is wrong with its folder, a restore that nothing was changed")
  func copies() throws {
    let path = try Registry.sample(in: folder, versions: 1).path
    func refusal(_ words: String...) throws -> String {
      let (status, output, errors) = try Command(["--registry", path] + words).finish()
      #expect(status == 1 && output.isEmpty)
      return errors
    }
    #expect(try refusal("backup", "/proc/x").contains("/proc/x: mkdir /proc/x: No such file"))
    for place in [path, folder / "copy"] {
      if place != path { try Registry(path: path, access: .readOnly).backup(to: place) }
      let words = try refusal("backup", place)
      #expect(words.contains("holds a registry already") && words.contains("new folder"))
    }
    #expect(try refusal("restore", path).contains("nothing was changed"))
    let none = try refusal("restore", folder / "none")
    #expect(none.contains("there is no backup here; nothing was changed"))
    let blob = try Registry(path: path, access: .readOnly).manifest(model: "coupon", version: 1)
      .manifest.tensors[0].blob
    try replace(blob.digest.bytes, in: "blobs", with: [1, 2, 3], at: folder / "copy")
    let damaged = try refusal("restore", folder / "copy")
    #expect(damaged.contains("the backup is damaged, and nothing was changed"))
    #expect(damaged.contains(blob.digest.description))
    #expect(try Command("--registry", path, "verify").finish().status == 0)
  }

  @Test("An empty data file, and one of something else, are no registry or a damaged one")
  func noDataFile() throws {
    let path = folder / "other"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for bytes in [Data(), Data(repeating: 7, count: 1 << 15)] {
      try bytes.write(to: URL(filePath: "\(path)/data.mdb"))
      let run = try Command("--registry", path, "list").finish()
      #expect(run.status == 1)
      #expect(run.errors.contains("this is no registry, or a damaged one"), "\(run.errors)")
    }
  }

  @Test("The release is told")
  func release() throws {
    let run = try Command("--version").finish()
    #expect((run.status, run.output) == (0, "\(Release.number)\n"))
  }

  @Test("A wrong use of the command exits with 64")
  func usage() throws {
    for hours in ["\(Int.max)", "-1"] {
      let run = try Command("--registry", path, "gc", "--grace-hours", hours).finish()
      #expect(run.status == 64 && run.errors.contains("--grace-hours is \(hours)"))
    }
    #expect(try Command("--registry", path, "promote", "coupon").finish().status == 64)
    #expect(
      try Command("--registry", path, "import", "x", "--precision", "int4").finish().status == 64)
    #expect(try Command("--registry", path, "forget", "coupon").finish().status == 64)
  }

  @Test("Verification of a damaged registry names the blob and exits with 1")
  func damaged() throws {
    let registry = try Registry.sample(in: folder, versions: 1)
    let blob = try registry.manifest(model: "coupon", version: 1).manifest.tensors[0].blob
    try replace(blob.digest.bytes, in: "blobs", with: [1, 2, 3], at: registry.path)
    let run = try Command("--registry", registry.path, "verify").finish()
    #expect(run.status == 1)
    #expect(run.output.contains(blob.digest.description))
    #expect(run.errors.isEmpty)
  }
}
