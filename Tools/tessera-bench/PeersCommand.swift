internal import ArgumentParser
internal import Foundation
internal import Inference
internal import Kernels
internal import ModelGraph

/// `tessera-bench peers`: the engine against ONNX Runtime and OpenVINO, in turn on one core.
struct PeersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "Times the engine against ONNX Runtime and OpenVINO, in turn on one core.",
    discussion: """
      Same models, weights and requests. Times are medians, in µs a request; max |Δ| is the largest \
      difference of a score, which padding makes large. Runs in the repository's root. Needs Python \
      with the packages of Tools/python, extra [peers]:
        .venv/bin/pip install -e 'Tools/python[peers]'
      """)

  @Flag(help: "Fewer cases and shorter rounds: within two minutes.")
  var quick = false
  @Option(
    help: "Instruction set; may be repeated. The best one, or that of TESSERA_ISA, without this.")
  var isa: [String] = []
  @Option(help: "Also write the rows to this file, as one JSON array.")
  var json: String?
  @Option(help: "The processor that both engines are pinned to.")
  var core = 1
  @Option(help: "The Python that has the peers.")
  var python = ".venv/bin/python"
  @Option(help: "Where the models are written for the peers.")
  var folder = ".tessera/bench"

  func run() throws {
    try pin()
    let names: [String?] =
      isa.isEmpty ? [ProcessInfo.processInfo.environment["TESSERA_ISA"]] : isa
    let tables = try names.map { try KernelTable.choose(isa: $0).table }
    for model in ReferenceModel.allCases {
      try model.write(to: URL(filePath: folder).appending(path: model.rawValue))
    }
    let worker = try PeerWorker(python: python, folder: folder, core: core)
    print(ComparisonRow.heading)
    var rows: [ComparisonRow] = []
    for model in ReferenceModel.allCases {
      let graph = try TypedGraph(model.description)
      let tensors = graph.quantised(model.tensors(for: graph))
      for batch in PeerCase.all(model, quick: quick) {
        let prepared = try worker.prepare(model: model.rawValue, batch)
        let requests = try RequestBatch(frames: prepared.frames, signature: graph.signature)
        for table in tables {
          let plan = try Plan(
            graph: graph, tensors: tensors, limits: batch.limits(graph), kernels: table)
          for row in try compare(model, batch, prepared, requests, plan, worker) {
            print(row.line)
            rows.append(row)
          }
        }
      }
    }
    if let json {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(rows).write(to: URL(filePath: json))
    }
  }

  /// All engines take turns, so that a change of the machine's speed meets each of them.
  private func compare(
    _ model: ReferenceModel, _ batch: PeerCase, _ prepared: PeerWorker.Prepared,
    _ requests: RequestBatch, _ plan: Plan, _ worker: PeerWorker
  ) throws -> [ComparisonRow] {
    let workspace = plan.makeWorkspace()
    let scores = requests.scores(workspace)
    let slice = quick ? 0.06 : 0.2
    var ours: [Double] = []
    var theirs = [[Double]](repeating: [], count: prepared.peers.count)
    for _ in 0..<(quick ? 3 : 7) {
      ours += microseconds(seconds: slice) { requests.score(workspace) }
      for (index, peer) in prepared.peers.enumerated() {
        theirs[index] += try worker.time(peer: peer.name, seconds: slice)
      }
    }
    return zip(prepared.peers, theirs).map { peer, times in
      ComparisonRow(
        model: model.rawValue, batch: batch.events.count, events: batch.eventsText,
        coupons: batch.couponsText, isa: plan.kernelName,
        tesseraUs: median(ours) / Double(batch.events.count), peer: peer.name,
        peerUs: median(times) / Double(batch.events.count),
        maxAbsDiff: zip(peer.scores, scores).map { abs($0 - Double($1)) }.max() ?? 0)
    }
  }

  /// The peers' process is started on that processor, too.
  private func pin() throws {
    let own = ProcessInfo.processInfo.processIdentifier
    let taskset = Process()
    taskset.executableURL = URL(filePath: PeerWorker.taskset)
    taskset.arguments = ["-p", "-c", "\(core)", "\(own)"]
    taskset.standardOutput = FileHandle.nullDevice
    try taskset.run()
    taskset.waitUntilExit()
    guard taskset.terminationStatus == 0 else {
      throw ValidationError("cannot run on processor \(core); choose another with --core")
    }
  }
}
