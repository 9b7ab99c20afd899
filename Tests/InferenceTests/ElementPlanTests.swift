import Inference
import ModelGraph
import Testing
import TesseraWire

@Suite("Operations on elements and rows in a plan")
struct ElementPlanTests {
  private func graph(_ nodes: String, output: String = "score", coupons: Int = 4) throws
    -> TypedGraph
  {
    let json = """
      {"format":1,"name":"elements","limits":{"events":4,"coupons":\(coupons)},
      "inputs":[
       {"name":"age","axis":"user","kind":"number"},
       {"name":"spend","axis":"event","kind":"number"}
       \(coupons == 0 ? "" : ",{\"name\":\"value\",\"axis\":\"coupon\",\"kind\":\"number\"}")],
      "nodes":[\(nodes)],
      "outputs":["\(output)"]}
      """
    return try TypedGraph(ModelDescription(json: Array(json.utf8)))
  }

  private func plan(_ graph: TypedGraph, _ values: [String: [Float]] = [:]) throws -> Plan {
    let tensors = graph.requiredTensors.map { required in
      let ones = (0..<required.shape.reduce(1, *)).map { Float($0 % 3 + 1) / 4 }
      return TensorData(
        name: required.name, shape: required.shape,
        storage: .float32(values[required.name] ?? ones))
    }
    return try Plan(graph: graph, tensors: tensors, limits: .small)
  }

  @Test("a slice has no step and no block: its readers read the columns where they lie")
  func slices() throws {
    let graph = try graph(
      """
      {"name":"spent","op":"pool","inputs":["spend"],"mode":"sum"},
      {"name":"all","op":"concat","inputs":["age","spent","value"]},
      {"name":"wide","op":"linear","inputs":["all"],"units":6},
      {"name":"inner","op":"slice","inputs":["wide"],"begin":1,"width":5},
      {"name":"last","op":"slice","inputs":["inner"],"begin":3,"width":2},
      {"name":"score","op":"linear","inputs":["last"],"units":1}
      """)
    let text = try plan(graph).description
    #expect(text.contains("product float32 [2 → 1]"))
    for absent in ["copy", "inner", "last", "slice"] { #expect(!text.contains(absent), "\(text)") }
  }

  @Test("slices that a concat puts side by side are copied once where they are neighbours")
  func neighbours() throws {
    let graph = try graph(
      """
      {"name":"spent","op":"pool","inputs":["spend"],"mode":"sum"},
      {"name":"all","op":"concat","inputs":["age","spent","value"]},
      {"name":"wide","op":"linear","inputs":["all"],"units":6},
      {"name":"left","op":"slice","inputs":["wide"],"begin":1,"width":2},
      {"name":"right","op":"slice","inputs":["wide"],"begin":3,"width":3},
      {"name":"both","op":"concat","inputs":["left","right"]},
      {"name":"score","op":"linear","inputs":["both"],"units":1}
      """)
    let text = try plan(graph).description
    #expect(text.ranges(of: "copy").count == 1 && text.contains("copy [5]"), "\(text)")
  }

  @Test("an activation joins the product before it with its slope, and no other reader's")
  func activations() throws {
    let nodes = """
      {"name":"spent","op":"pool","inputs":["spend"],"mode":"sum"},
      {"name":"all","op":"concat","inputs":["age","spent","value"]},
      {"name":"wide","op":"linear","inputs":["all"],"units":6},
      {"name":"bent","op":"activation","inputs":["wide"],"function":"leaky_relu","slope":0.25},
      """
    let joined = try plan(
      graph(nodes + "{\"name\":\"score\",\"op\":\"linear\",\"inputs\":[\"bent\"],\"units\":1}"))
    #expect(joined.description.contains("leakyReLU(slope: 0.25)"))
    #expect(!joined.description.contains("leakyReLU(slope: 0.25) [6]"))
    let apart = try plan(
      graph(
        nodes + """
          {"name":"sum","op":"add","inputs":["bent","wide"]},
          {"name":"score","op":"linear","inputs":["sum"],"units":1}
          """))
    #expect(apart.description.contains("leakyReLU(slope: 0.25) [6]"))
  }

  @Test(
    "a batch norm is x · g + (bias − mean · g) with g = gain / √(variance + epsilon), bit for bit")
  func batchNorm() throws {
    let graph = try graph(
      """
      {"name":"spent","op":"pool","inputs":["spend"],"mode":"sum"},
      {"name":"both","op":"subtract","inputs":["age","spent"]},
      {"name":"normed","op":"batch_norm","inputs":["both"],"epsilon":0.1},
      {"name":"score","op":"add","inputs":["normed","value"]}
      """)
    let (gain, bias, mean, variance) = (Float(1.7), Float(-0.3), Float(12.1), Float(2.9))
    let plan = try plan(
      graph,
      [
        "normed.gain": [gain], "normed.bias": [bias], "normed.mean": [mean],
        "normed.variance": [variance],
      ])
    let request = try Request(
      ScoreBody(
        handle: 0, users: [.init(events: 2, coupons: 1)],
        columns: [.numbers([40]), .numbers([2, 5]), .numbers([0])]), graph.signature)
    let factor = gain / (variance + 0.1).squareRoot()
    let shift = mean * factor
    let expected = (bias - shift).addingProduct(40 - 7, factor)
    #expect(plan.makeWorkspace().score([request])[0][0] == [expected])
  }

  @Test("users without events, in a model without coupons, have their scores alone and together")
  func empty() throws {
    let graph = try graph(
      """
      {"name":"user","op":"linear","inputs":["age"],"units":3},
      {"name":"event","op":"linear","inputs":["spend"],"units":3},
      {"name":"gap","op":"subtract","inputs":["user","event"]},
      {"name":"low","op":"min","inputs":["gap","event","user"]},
      {"name":"high","op":"max","inputs":["gap","event","user"]},
      {"name":"near","op":"dot","inputs":["user","low"]},
      {"name":"unit","op":"l2_norm","inputs":["high"],"epsilon":0.001},
      {"name":"share","op":"softmax","inputs":["unit"]},
      {"name":"part","op":"slice","inputs":["share"],"begin":1,"width":2},
      {"name":"bent","op":"activation","inputs":["part"],"function":"elu","slope":0.5},
      {"name":"row","op":"concat","inputs":["bent","near"]},
      {"name":"normed","op":"batch_norm","inputs":["row"],"epsilon":0.001},
      {"name":"scaled","op":"scale","inputs":["normed"]},
      {"name":"total","op":"pool","inputs":["scaled"],"mode":"sum"},
      {"name":"score","op":"linear","inputs":["total"],"units":1}
      """, coupons: 0)
    let requests = try [0, 3, 0, 1].map { events in
      try Request(
        ScoreBody(
          handle: 0, users: [.init(events: events, coupons: 0)],
          columns: [.numbers([2]), .numbers([1, -4, 0.5].prefix(events).map { $0 })]),
        graph.signature)
    }
    let workspace = try plan(graph, ["score.bias": [0.75]]).makeWorkspace()
    let together = workspace.score(requests)
    #expect(together.map { $0[0].count } == [1, 1, 1, 1])
    #expect(together[0] == [[0.75]] && together[2] == [[0.75]])
    #expect(together[1][0][0].isFinite && together[1] != together[3])
    #expect(requests.map { workspace.score([$0])[0] } == together)
  }
}
