internal import ArgumentParser
internal import Foundation
internal import Inference
internal import Kernels
internal import ModelGraph
internal import TesseraWire

/// Which model is measured, and how it is stored and run.
struct ModelOptions: ParsableArguments {
  @Argument(
    help: """
      A folder with model.json and weights.safetensors, or a reference model with random weights: \
      \(ReferenceModel.allCases.map(\.rawValue).joined(separator: ", ")).
      """)
  var model: String

  @Option(help: "int8 or float32.")
  var precision: Precision = .int8

  @Option(help: "Instruction set; the best one without this. TESSERA_ISA says the same.")
  var isa: String?

  enum Precision: String, ExpressibleByArgument, CaseIterable { case int8, float32 }

  /// The graph with its tensors in the precision that was asked for.
  func load() throws -> (graph: TypedGraph, tensors: [TensorData]) {
    let graph: TypedGraph
    var tensors: [TensorData]
    if let reference = ReferenceModel(rawValue: model) {
      graph = try TypedGraph(reference.description)
      tensors = reference.tensors(for: graph)
    } else {
      let folder = URL(filePath: model)
      graph = try TypedGraph(ModelDescription(json: read(folder, "model.json")))
      tensors = try SafetensorsFile(bytes: read(folder, "weights.safetensors")).tensors
    }
    if precision == .int8 { tensors = graph.quantised(tensors) }
    return (graph, tensors)
  }

  /// The plan on the instruction set that was asked for.
  func plan(_ graph: TypedGraph, _ tensors: [TensorData], batch: BatchShape) throws -> Plan {
    let isa = isa ?? ProcessInfo.processInfo.environment["TESSERA_ISA"]
    let choice = try KernelTable.choose(isa: isa)
    for warning in choice.warnings { print("warning: \(warning)") }
    return try Plan(
      graph: graph, tensors: tensors, limits: batch.limits(graph), kernels: choice.table)
  }

  private func read(_ folder: URL, _ file: String) throws -> [UInt8] {
    let path = folder.appending(path: file)
    do {
      return [UInt8](try Data(contentsOf: path))
    } catch {
      throw BenchError(
        "\(path.path()) cannot be read; a model folder holds model.json and weights.safetensors, and "
          + "the reference models are \(ReferenceModel.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
  }
}

extension TypedGraph {
  /// The model's tensors as an import to int8 leaves them.
  func quantised(_ tensors: [TensorData]) -> [TensorData] {
    let names = Set(requiredTensors.filter(\.isQuantisable).map(\.name))
    return tensors.map { names.contains($0.name) ? $0.quantised().tensor : $0 }
  }
}

/// How many requests of which size are scored together.
struct BatchShape: ParsableArguments {
  @Option(help: "Requests in a batch, one user each.")
  var batch = 1
  @Option(help: "Events of each user.")
  var events = 50
  @Option(help: "Coupons of each user.")
  var coupons = 32

  func validate() throws {
    guard (1...BenchLimits.batchMax).contains(batch) else {
      throw ValidationError("--batch must be 1 to \(BenchLimits.batchMax)")
    }
    guard events >= 0, coupons >= 1 else {
      throw ValidationError("--events must be 0 or more, --coupons 1 or more")
    }
  }

  func limits(_ graph: TypedGraph) -> RowCounts {
    let limits = graph.description.limits
    return RowCounts(
      users: max(64, batch), events: max(limits.events, batch * events),
      coupons: max(limits.coupons, batch * coupons), bagValues: 65_536)
  }
}
