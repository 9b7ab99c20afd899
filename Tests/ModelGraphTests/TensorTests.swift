import ModelGraph
import Testing

@Suite("Tensors are exactly those that the graph needs")
struct TensorTests {
  private func expectRefusal(
    _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
    spoil: (inout [TensorData]) -> Void
  ) throws {
    var (graph, tensors) = try smallGraph()
    spoil(&tensors)
    do {
      try graph.validate(tensors)
      Issue.record("was not refused", sourceLocation: sourceLocation)
    } catch {
      expect(error, .tensor, words, sourceLocation)
    }
  }

  @Test("the right tensors are accepted as float32 and, where they are matrices, as int8")
  func accepted() throws {
    let (graph, tensors) = try smallGraph()
    try graph.validate(tensors)
    let quantisable = Set(graph.requiredTensors.filter(\.isQuantisable).map(\.name))
    try graph.validate(tensors.map { quantisable.contains($0.name) ? $0.quantised().tensor : $0 })
  }

  @Test("a missing tensor is named with the shape that it should have")
  func missing() throws {
    try expectRefusal("history.0.forward.bias", "missing", "[24]") { tensors in
      tensors.removeAll { $0.name == "history.0.forward.bias" }
    }
  }

  @Test("a tensor that no node uses is named")
  func unused() throws {
    try expectRefusal("\"extra\"", "no node") { tensors in
      tensors.append(TensorData(name: "extra", shape: [1], storage: .float32([0])))
    }
  }

  @Test("a tensor that is there twice is named")
  func twice() throws {
    try expectRefusal("\"items\"", "twice") { $0.append($0[0]) }
  }

  @Test("all faults come at once, the first ones by name")
  func together() throws {
    try expectRefusal(
      "3 faults", "(1) tensor \"items\": has shape", "(2) tensor \"logit.bias\": is missing",
      "(3) tensor \"extra\": is used by no node"
    ) { tensors in
      tensors[0].shape = [4, 3]
      tensors.removeAll { $0.name == "logit.bias" }
      tensors.append(TensorData(name: "extra", shape: [1], storage: .float32([0])))
    }
    try expectRefusal("40 faults", "(8) tensor", "and 32 more") { tensors in
      let needed = tensors.count
      tensors = (0..<40 - needed).map {
        TensorData(name: "extra \($0)", shape: [1], storage: .float32([0]))
      }
    }
  }

  @Test("a wrong shape is named beside the right one")
  func shape() throws {
    try expectRefusal("\"items\"", "[4, 3]", "[3, 4]") { $0[0].shape = [4, 3] }
  }

  @Test("NaN and infinity are refused with their place")
  func notFinite() throws {
    for value in [Float.nan, .infinity] {
      try expectRefusal("\"items\"", "number 5") { tensors in
        var values = tensors[0].dequantised()
        values[5] = value
        tensors[0].storage = .float32(values)
      }
    }
  }

  @Test("int8 is refused where float32 is needed, and a negative scale everywhere")
  func int8Refusals() throws {
    try expectRefusal("logit.bias", "int8") { tensors in
      for index in tensors.indices where tensors[index].name == "logit.bias" {
        tensors[index].storage = .int8(values: [1], scales: [1])
      }
    }
    try expectRefusal("\"items\"", "scale") { tensors in
      tensors[0].storage = .int8(values: Array(repeating: 1, count: 12), scales: [1, -1, 1])
    }
  }

  @Test("a count of numbers that differs from the shape is refused")
  func count() throws {
    try expectRefusal("\"items\"", "count") { $0[0].storage = .float32([1]) }
  }

  @Test("quantising keeps each number within half a step of its row and says how far it went")
  func quantisation() {
    let values: [Float] = [1, -0.5, 0.25, 0, 0, 0, 100, -127, 0.4]
    let tensor = TensorData(name: "w", shape: [3, 3], storage: .float32(values))
    let (quantised, report) = tensor.quantised()
    guard case .int8(let levels, let scales) = quantised.storage else {
      Issue.record("is not int8")
      return
    }
    #expect(levels == [127, -64, 32, 0, 0, 0, 100, -127, 0])
    #expect(scales == [1 / 127, 1, 1])
    var largest: Float = 0
    for (original, restored) in zip(values, quantised.dequantised()) {
      largest = max(largest, abs(original - restored))
    }
    #expect(report.maxAbsoluteError == largest)
    #expect(largest == 0.4)
    #expect(report.relativeRMSError > 0 && report.relativeRMSError < 0.01)
  }

  @Test("a half step rounds to the even level, and vectors stay as they are")
  func halfToEven() {
    let tensor = TensorData(name: "w", shape: [1, 4], storage: .float32([127, 0.5, 1.5, -2.5]))
    #expect(tensor.quantised().tensor.storage == .int8(values: [127, 0, 2, -2], scales: [1]))
    let vector = TensorData(name: "b", shape: [2], storage: .float32([0.3, 1]))
    #expect(vector.quantised().tensor == vector)
  }
}
