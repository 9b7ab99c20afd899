import ArgumentParser
import CommandOutput
import Foundation
import ModelGraph
import ModelRegistry
import PrecisionChoice

struct ImportVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Checks a model folder and stores it as the next version of its model.",
    discussion: """
      The folder holds model.json and weights.safetensors, and may hold warmup.frames (recorded \
      requests that a server runs before it serves the version), metrics.json (shown with the \
      version), and golden.frames with golden.safetensors: requests and the scores that the model's \
      own framework gave them. A model that is not sound, or does not score in float32 as its \
      framework did, is refused with the reason, and nothing is stored. Importing the same files \
      again gives the version that they gave before.

      What int8 does to the scores is measured on the golden requests, else on the warm-up's, else \
      on made-up ones, shown and stored.

      Nothing is served by importing: promote the version when you want it live.
      """)

  @OptionGroup var location: RegistryLocation
  @OptionGroup var author: Author
  @OptionGroup var form: OutputForm
  @Argument(help: "The model folder.", completion: .directory)
  var folder: String
  @Option(help: "The model's name in the registry, in place of the one in model.json.")
  var name: String?
  @Option(
    help: """
      auto: matrices are quantised, one scale per row: small and fast; those stay float32, as few \
      as possible, that would move a probability by more than 0.02, another output by more than \
      2 % of its spread, or change the ranks. int8: all matrices are quantised. float32: stored as \
      trained.
      """)
  var precision: Manifest.Precision = .auto
  @Option(
    help: ArgumentHelp(
      "Import although float32 does not score as the golden scores say; why, is stored.",
      valueName: "reason"))
  var force: String?
  @Option(help: ArgumentHelp("A sentence to remember the version by.", valueName: "text"))
  var note: String?

  func run() throws {
    var progress = Progress()
    // Before the registry is opened: a model that is refused makes none.
    let source = try SourceFolder(path: folder)
    let choice = try choice(for: source)
    let prepared = try PreparedModel(
      source, name: name, precision: precision, keeping: Set(choice.kept.map(\.tensor)),
      effect: choice.json(stored: precision, forced: choice.isSameAsTrained ? nil : force),
      change: author.change(why: note), progress: { progress.show(done: $0, of: $1) })
    progress.clear()
    let result = try location.open(.readWrite).add(prepared)
    if form.json {
      try form.printJSON(Output(result))
    } else {
      try describe(result)
      // What an earlier import has stored is not measured anew.
      if result.isNew { for line in choice.lines(stored: precision) { try emit(line) } }
    }
  }

  /// - Throws: when the weights do not give the framework's scores, unless that is forced.
  private func choice(for source: SourceFolder) throws -> PrecisionChoice {
    do {
      let golden = try source.golden.map {
        try GoldenScores(frames: $0.frames, scores: $0.scores, graph: source.graph)
      }
      let choice = try PrecisionChoice(
        graph: source.graph, tensors: source.tensors, golden: golden, warmup: source.warmup,
        search: precision == .auto, now: { Int64(DispatchTime.now().uptimeNanoseconds) })
      guard choice.isSameAsTrained || force != nil else {
        throw RegistryError(.refusedModel, at: folder, choice.refusal)
      }
      return choice
    } catch let error as ModelError {
      throw RegistryError(.refusedModel, at: folder, error.description)
    }
  }

  private func describe(_ result: ImportResult) throws {
    let version = "\(result.model) version \(result.version)"
    if result.isNew {
      let manifest = result.manifest
      try emit(
        "imported \(version): \(manifest.precision.rawValue), \(manifest.tensors.count) tensors, "
          + "\(byteText(manifest.storedBytes)) stored")
      let quantised = manifest.tensors.filter { $0.quantisation != nil }
      let worst = quantised.max { $0.relativeError < $1.relativeError }
      if let worst {
        try emit(
          "int8 differs from the weights as trained by \(percentText(worst.relativeError)) at most "
            + "(root mean square, tensor \(worst.name))")
      }
    } else {
      try emit("\(version) was made from the same files before; no version was added")
    }
    if result.repairedBlobs > 0 {
      try emit("\(result.repairedBlobs) damaged blobs were written again")
    }
  }

  private struct Output: Encodable {
    var model: String
    var version: UInt32
    var manifest: Digest
    var isNew: Bool
    var repairedBlobs: Int
    var storedBytes: Int
    var effect: JSONValue?

    init(_ result: ImportResult) {
      model = result.model
      version = result.version
      manifest = result.digest
      isNew = result.isNew
      repairedBlobs = result.repairedBlobs
      storedBytes = result.manifest.storedBytes
      effect = result.manifest.effect
    }
  }
}

extension Manifest.Tensor {
  var relativeError: Float { quantisation?.relativeRMSError ?? 0 }
}

/// A line on the terminal, only when it takes long and somebody is looking.
private struct Progress {
  private let start = ContinuousClock.now
  private let isSeen = isatty(STDERR_FILENO) == 1
  private var isShown = false

  mutating func show(done: Int, of total: Int) {
    guard isSeen, ContinuousClock.now - start > .seconds(1) else { return }
    isShown = true
    FileHandle.standardError.write(Data("\rtensor \(done) of \(total)".utf8))
  }

  func clear() {
    if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
