import Foundation
import ModelGraph
import Testing

@Suite("Registry/MODEL.md says what the code does")
struct DocumentTests {
  private var page: String {
    get throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
      return try String(contentsOf: root.appending(path: "Registry/MODEL.md"), encoding: .utf8)
    }
  }

  @Test("the example is a model, and its tensors are those that the page lists")
  func example() throws {
    let parts = try page.components(separatedBy: "```")
    let json = try #require(parts.first { $0.hasPrefix("json\n") }).dropFirst(5)
    let graph = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    let list = try #require(parts.last)
    for tensor in graph.requiredTensors {
      #expect(list.contains("`\(tensor.name)` \(tensor.shape)"), "\(tensor.name) \(tensor.shape)")
    }
    #expect(list.components(separatedBy: "` [").count - 1 == graph.requiredTensors.count)
  }

  @Test("the limits on the page are the code's")
  func limits() throws {
    let page = try page
    let thousands = { (number: Int) in
      number < 1_000
        ? "\(number)" : "\(number / 1_000),\(String(1_000 + number % 1_000).dropFirst())"
    }
    #expect(page.contains("each 1…\(thousands(ModelLimits.eventsMax))"))
    #expect(ModelLimits.eventsMax == ModelLimits.couponsMax)
    #expect(page.contains("1…\(ModelLimits.inputsMax) input columns"))
    #expect(page.contains("1…\(ModelLimits.nodesMax) nodes"))
    #expect(page.contains("1…\(ModelLimits.outputsMax) names"))
    #expect(page.contains("1…\(ModelLimits.nameBytesMax) characters"))
    #expect(page.contains("2…\(ModelLimits.nodeInputsMax) vectors"))
    #expect(page.contains("1…\(thousands(ModelLimits.boundariesMax)) numbers"))
    #expect(page.contains("Widths are 1…\(thousands(ModelLimits.widthMax))"))
    #expect(
      page.contains(
        "1…\(thousands(ModelLimits.recurrentUnitsMax)), layers 1…\(ModelLimits.layersMax)"))
    #expect(page.contains("`dilation` are 1…\(thousands(ModelLimits.windowMax))"))
    #expect(page.contains("heads 1…\(ModelLimits.headsMax)"))
    #expect(page.contains("header has at most \(ModelLimits.safetensorsHeaderBytesMax >> 20) MiB"))
    #expect(page.contains("\(thousands(ModelLimits.tensorsMax)) tensors"))
    #expect(page.contains("at most \(ModelLimits.jsonBytesMax >> 20) MiB"))
    #expect(page.contains("more than \(ModelLimits.jsonDepthMax) deep"))
    #expect(page.contains("more than 2²⁰ arrays") && ModelLimits.jsonContainersMax == 1 << 20)
    #expect(page.contains("more than 10,000,000 values") && ModelLimits.jsonValuesMax == 10_000_000)
    #expect(page.contains("`vocabulary`: 1…4,000,000") && ModelLimits.tableRowsMax == 4_000_000)
  }
}
