internal import ArgumentParser
internal import Foundation
internal import Inference
internal import Kernels
internal import ModelGraph

/// `tessera-bench curves`: how the time of a request grows, beside the floors of the processor.
struct CurvesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curves",
    abstract: "Draws the time of a request against events, coupons, hidden width and batch.",
    discussion: """
      Both reference models in int8 with random weights, in this thread: columns in, scores \
      computed. The floors are the multiply-accumulates of the matrix products alone, two \
      operations each, at the rates that --amx-tops and --vnni-tops give; their defaults are those \
      of a Sapphire Rapids core.
      """)

  @Option(help: "The SVG file to write.")
  var out: String
  @Option(help: "Instruction set; the best one without this. TESSERA_ISA says the same.")
  var isa: String?
  @Option(help: "Seconds for each point.")
  var seconds = 0.1
  // The defaults come from loops of the one instruction on a Sapphire Rapids in a virtual machine.
  @Option(help: "What a core does at most with AMX int8, in 10¹² operations a second.")
  var amxTops = 4.06
  @Option(help: "What a core does at most with AVX-512 VNNI, in 10¹² operations a second.")
  var vnniTops = 0.71

  func validate() throws {
    guard amxTops > 0, vnniTops > 0 else {
      throw ValidationError("--amx-tops and --vnni-tops must be above 0")
    }
    try tessera_bench.validate(seconds: seconds)
    let folder = URL(filePath: out).deletingLastPathComponent().path()
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw ValidationError(
        "--out: the folder \(folder) is missing, or nothing may be written there")
    }
  }

  func run() throws {
    let isa = isa ?? ProcessInfo.processInfo.environment["TESSERA_ISA"]
    let choice = try KernelTable.choose(isa: isa)
    for warning in choice.warnings { print("warning: \(warning)") }
    var points: [CostCase: Point] = [:]
    print(
      "model".left(12)
        + ["width", "T", "N", "batch", "µs/request", "AMX floor", "VNNI floor"]
        .map { $0.right(12) }.joined())
    for model in ReferenceModel.allCases {
      let cases = Set(CostCurve.allCases.flatMap { $0.cases(model) })
      let widths = Dictionary(grouping: cases, by: \.hiddenWidth)
      for (width, cases) in widths.sorted(by: { $0.key < $1.key }) {
        let graph = try TypedGraph(model.description(hiddenWidth: width))
        let times = try CostCase.requestMicroseconds(
          cases.sorted { ($0.batch, $0.events, $0.coupons) < ($1.batch, $1.events, $1.coupons) },
          of: graph, with: graph.quantised(model.tensors(for: graph)), on: choice.table,
          seconds: seconds)
        for (item, time) in times {
          let point = point(item, graph, microseconds: time)
          points[item] = point
          print(line(item, point))
        }
      }
    }
    let page = SVGPlot(
      title: "Time of one request on one core, int8, \(choice.table.name)",
      footer: [
        "Floors: the multiply-accumulates of the matrix products alone, two operations each, "
          + "at \(vnniTops) (VNNI) and \(amxTops) (AMX) · 10¹² operations a second.",
        (["tessera-bench"] + CommandLine.arguments.dropFirst()).joined(separator: " "),
      ],
      yLabel: "µs a request",
      panels: CostCurve.allCases.map { panel($0, points) })
    try Data(page.svg.utf8).write(to: URL(filePath: out))
  }

  /// Microseconds a request.
  private struct Point {
    let measured: Double
    let amxFloor: Double
    let vnniFloor: Double
  }

  private func point(_ item: CostCase, _ graph: TypedGraph, microseconds: Double) -> Point {
    let products = graph.multiplyAccumulates(events: item.events, coupons: item.coupons)
    // 10¹² operations a second are 10⁶ a microsecond; a multiply-accumulate is two.
    let operations = 2 * Double(products) / 1e6
    return Point(
      measured: microseconds, amxFloor: operations / amxTops, vnniFloor: operations / vnniTops)
  }

  private func line(_ item: CostCase, _ point: Point) -> String {
    let sizes = [item.hiddenWidth, item.events, item.coupons, item.batch].map { "\($0)" }
    let times = [point.measured, point.amxFloor, point.vnniFloor].map(\.short)
    return item.model.rawValue.left(12) + (sizes + times).map { $0.right(12) }.joined()
  }

  private func panel(_ curve: CostCurve, _ points: [CostCase: Point]) -> SVGPlot.Panel {
    let lines = ReferenceModel.allCases.flatMap { model in
      let color = model == .lstm128 ? "#0072b2" : "#c2410c"
      func line(_ name: String, _ dash: String?, _ time: KeyPath<Point, Double>) -> SVGPlot.Line {
        SVGPlot.Line(
          name: "\(model.rawValue)\(name)", color: color, dash: dash,
          points: zip(curve.values, curve.cases(model)).compactMap { value, item in
            points[item].map { (Double(value), $0[keyPath: time]) }
          })
      }
      return [
        line("", nil, \.measured), line(", VNNI floor", "9 5", \.vnniFloor),
        line(", AMX floor", "2 4", \.amxFloor),
      ]
    }
    return SVGPlot.Panel(
      title: curve.title, xLabel: curve.axisLabel, xTicks: curve.values.map(Double.init),
      lines: lines)
  }
}
