import ModelGraph
import Testing
import TesseraWire

@Suite("A graph is typed or refused")
struct TypedGraphTests {
  @Test("every node gets its axis and width, and user rows join the finer axis")
  func types() throws {
    let (graph, _) = try smallGraph()
    #expect(
      graph.nodes.map(\.axis) == [.event, .event, .user, .coupon, .user, .coupon, .coupon, .coupon])
    #expect(graph.nodes.map(\.width) == [4, 5, 6, 3, 2, 11, 1, 1])
  }

  @Test("the signature lists the columns in order with their kinds, the outputs and the limits")
  func signature() throws {
    let (graph, _) = try smallGraph()
    #expect(graph.signature.columns.map(\.name) == ["item", "spend", "tags", "age"])
    #expect(graph.signature.columns.map(\.kind) == [.string, .number, .integerBag, .number])
    #expect(graph.signature.columns.map(\.axis) == [.event, .event, .coupon, .user])
    #expect(graph.signature.outputs.map(\.name) == ["redeem"])
    #expect(graph.signature.eventsMax == 8)
    #expect(graph.signature.couponsMax == 8)
  }

  @Test("the tensors that the nodes need are named with their shapes")
  func requiredTensors() throws {
    let (graph, _) = try smallGraph()
    let shapes = Dictionary(uniqueKeysWithValues: graph.requiredTensors.map { ($0.name, $0.shape) })
    #expect(
      shapes == [
        "items": [3, 4], "tags": [8, 3], "ages": [3, 2],
        "history.0.forward.input_weight": [24, 5], "history.0.forward.recurrent_weight": [24, 6],
        "history.0.forward.bias": [24], "logit.weight": [1, 11], "logit.bias": [1],
      ])
    #expect(graph.requiredTensors.filter(\.isQuantisable).count == 6)
  }

  @Test("a wrong number of inputs is refused")
  func inputCount() {
    expectRefusal(
      smallModel.changing("[\"history\",\"age_row\",\"tag_row\"]", to: "[\"tag_row\"]"), .type,
      "node \"pair\"", "2 to 64")
    expectRefusal(
      smallModel.changing("\"inputs\":[\"logit\"]", to: "\"inputs\":[\"logit\",\"pair\"]"), .type,
      "node \"redeem\"", "exactly 1")
  }

  @Test("events and coupons never mix")
  func axisMixing() {
    expectRefusal(
      smallModel.changing("[\"history\",", to: "[\"event\","), .type, "node \"pair\"", "\"event\"",
      "\"tag_row\"", "pool")
  }

  @Test("sums need equal widths")
  func widthMismatch() {
    expectRefusal(
      smallModel.changing(
        "\"op\":\"concat\",\"inputs\":[\"history\"", to: "\"op\":\"add\",\"inputs\":[\"history\""),
      .type, "node \"pair\"", "6", "2")
  }

  @Test("an id cannot be read as a number, nor a number as an id")
  func idsAndNumbers() {
    expectRefusal(
      smallModel.changing("[\"item_row\",\"spend\"]", to: "[\"item\",\"spend\"]"), .type,
      "node \"event\"", "embedding between")
    expectRefusal(
      smallModel.changing("\"inputs\":[\"item\"]", to: "\"inputs\":[\"spend\"]"), .type,
      "node \"item_row\"", "reads numbers")
  }

  @Test("a bag needs a reduction and an id must not have one")
  func reduction() {
    expectRefusal(smallModel.changing(",\"reduce\":\"mean\"", to: ""), .attribute, "is a bag")
    expectRefusal(
      smallModel.changing("\"table\":\"ages\"", to: "\"table\":\"ages\",\"reduce\":\"sum\""),
      .attribute, "one id a row")
  }

  @Test("what runs over events refuses another axis")
  func onlyOverEvents() {
    expectRefusal(
      smallModel.changing("\"inputs\":[\"event\"]", to: "\"inputs\":[\"age\"]"), .type)
    expectRefusal(
      smallModel.changing(
        "{\"name\":\"logit\",\"op\":\"linear\",\"inputs\":[\"pair\"],\"units\":1}",
        to: "{\"name\":\"logit\",\"op\":\"pool\",\"inputs\":[\"pair\"],\"mode\":\"max\"}"), .type,
      "node \"logit\"", "coupon axis", "runs over events")
  }

  @Test("a name that is not defined, comes later, or is the node's own is refused")
  func undefinedNames() {
    expectRefusal(
      smallModel.changing("\"inputs\":[\"event\"]", to: "\"inputs\":[\"evnt\"]"), .name, "evnt")
    expectRefusal(
      smallModel.changing("\"inputs\":[\"event\"]", to: "\"inputs\":[\"pair\"]"), .name,
      "stands after", "cycle")
    expectRefusal(
      smallModel.changing("\"inputs\":[\"event\"]", to: "\"inputs\":[\"history\"]"), .name,
      "reads itself")
  }

  @Test("a name used twice is refused, also between an input and a node")
  func duplicateNames() {
    expectRefusal(
      smallModel.changing("\"name\":\"age_row\"", to: "\"name\":\"event\""), .name, "twice")
    expectRefusal(
      smallModel.changing("\"name\":\"age_row\"", to: "\"name\":\"spend\""), .name, "twice")
    expectRefusal(
      smallModel.changing("\"name\":\"spend\"", to: "\"name\":\"item\""), .name, "twice")
  }

  @Test("a name that is empty, too long or has odd characters is refused")
  func badNames() {
    expectRefusal(smallModel.changing("\"name\":\"small\"", to: "\"name\":\"\""), .name, "1 to 64")
    let long = String(repeating: "n", count: 65)
    expectRefusal(
      smallModel.changing("\"name\":\"spend\"", to: "\"name\":\"\(long)\""), .name, "65")
    expectRefusal(smallModel.changing("\"name\":\"age_row\"", to: "\"name\":\"a b\""), .name, "a b")
    expectRefusal(
      smallModel.changing("\"name\":\"age_row\"", to: "\"name\":\"a.b\""), .name, "no dots")
  }

  @Test("a node or an input from which no output follows is refused")
  func unused() {
    expectRefusal(
      smallModel.changing("[\"history\",\"age_row\",\"tag_row\"]", to: "[\"history\",\"tag_row\"]"),
      .unused, "node \"age_row\"")
    expectRefusal(
      smallModel.changing(
        "\"inputs\":[\"item_row\",\"spend\"]", to: "\"inputs\":[\"item_row\",\"item_row\"]"),
      .unused, "input \"spend\"")
  }

  @Test("an output must be a node on the user or the coupon axis, listed once")
  func outputs() {
    expectRefusal(smallModel.changing("[\"redeem\"]", to: "[\"redem\"]"), .name, "redem")
    expectRefusal(smallModel.changing("[\"redeem\"]", to: "[\"tags\"]"), .type, "input")
    expectRefusal(
      smallModel.changing("[\"redeem\"]", to: "[\"redeem\",\"redeem\"]"), .name, "twice")
    expectRefusal(smallModel.changing("[\"redeem\"]", to: "[\"event\"]"), .type, "event axis")
    expectRefusal(smallModel.changing("[\"redeem\"]", to: "[]"), .attribute, "outputs")
  }

  @Test("an output has at most 4,096 numbers in a row, and a user's answer fits into a frame")
  func outputWidths() throws {
    func model(units: Int, coupons: Int) -> String {
      """
      {"format": 1, "name": "m", "limits": {"events": 1, "coupons": \(coupons)},
       "inputs": [{"name": "x", "axis": "coupon", "kind": "vector", "width": 4096}],
       "nodes": [{"name": "y", "op": "linear", "inputs": ["x"], "units": \(units)}],
       "outputs": ["y"]}
      """
    }
    let graph = try TypedGraph(ModelDescription(json: Array(model(units: 4_096, coupons: 64).utf8)))
    #expect(graph.signature.outputs == [Output(name: "y", meaning: .vector, width: 4_096)])
    #expect(graph.signature.columns[0].width == 4_096)
    expectRefusal(model(units: 4_097, coupons: 1), .limit, "4097", "4096")
    expectRefusal(model(units: 4_096, coupons: 65), .limit, "262144")
  }

  @Test("dense ids and vectors have their bounds")
  func denseAndVectors() {
    let dense = smallModel.changing("\"hash_buckets\":7", to: "\"rows\":0")
    expectRefusal(dense, .attribute, "rows")
    expectRefusal(
      smallModel.changing("\"hash_buckets\":7", to: "\"rows\":4000001"), .limit, "4000000")
  }

  @Test("an output may lie on the user axis, beside one on the coupon axis")
  func userOutput() throws {
    let text = smallModel.changing(
      "\"outputs\":[\"redeem\"]", to: "\"outputs\":[\"redeem\",\"loyalty\"]"
    ).changing(
      "{\"name\":\"pair\"",
      to: "{\"name\":\"loyalty\",\"op\":\"linear\",\"inputs\":[\"history\"],\"units\":1},"
        + "{\"name\":\"pair\"")
    let graph = try TypedGraph(ModelDescription(json: Array(text.utf8)))
    #expect(graph.outputs.map { graph.nodes[$0].axis } == [.coupon, .user])
    #expect(graph.outputs.map { graph.nodes[$0].isProbability } == [true, false])
  }

  @Test("the coupon limit is 0 exactly where no input is on the coupon axis")
  func couponLimit() throws {
    let json = """
      {"format":1,"name":"users","limits":{"events":8,"coupons":COUPONS},
      "inputs":[{"name":"age","axis":"user","kind":"number"}],
      "nodes":[{"name":"risk","op":"linear","inputs":["age"],"units":1,"activation":"sigmoid"}],
      "outputs":["risk"]}
      """
    let graph = try TypedGraph(
      ModelDescription(json: Array(json.changing("COUPONS", to: "0").utf8)))
    #expect(graph.nodes[graph.outputs[0]].isProbability)
    expectRefusal(json.changing("COUPONS", to: "5"), .attribute, "limits.coupons", "write 0")
    expectRefusal(
      smallModel.changing("\"coupons\":8", to: "\"coupons\":0"), .attribute, "limits.coupons",
      "coupon axis")
  }

  @Test("tables are shared only between equal shapes")
  func sharedTables() {
    expectRefusal(
      smallModel.changing("\"table\":\"ages\"", to: "\"table\":\"items\""), .type, "items",
      "[3, 4]",
      "[3, 2]")
  }

  @Test("a table must not have the name of a node's tensor")
  func tensorNameCollision() {
    expectRefusal(
      smallModel.changing("\"table\":\"ages\"", to: "\"table\":\"logit.weight\""), .name,
      "logit.weight")
    expectRefusal(
      smallModel.changing("\"table\":\"ages\"", to: "\"table\":\"history.0.forward.bias\""), .name,
      "history.0.forward.bias")
  }

  @Test("counts over their limits are refused with the limit")
  func limits() {
    expectRefusal(
      smallModel.changing("\"events\":8", to: "\"events\":1025"), .limit, "limits.events", "1024")
    expectRefusal(
      smallModel.changing("\"coupons\":8", to: "\"coupons\":-1"), .attribute, "limits.coupons")
    expectRefusal(smallModel.changing("\"units\":6", to: "\"units\":4096"), .limit, "1024")
    expectRefusal(
      smallModel.changing("\"width\":4", to: "\"width\":16385"), .limit, "item_row", "16384")
    expectRefusal(
      smallModel.changing("\"hash_buckets\":7", to: "\"hash_buckets\":4000001"), .limit, "tags")
    expectRefusal(smallModel.changing("\"hash_buckets\":7", to: "\"hash_buckets\":-2"), .attribute)
  }

  @Test("a vocabulary holds no entry twice and none that a request cannot carry")
  func vocabulary() {
    expectRefusal(smallModel.changing("[\"a\",\"b\"]", to: "[\"a\",\"a\"]"), .attribute, "twice")
    let long = String(repeating: "v", count: 256)
    expectRefusal(smallModel.changing("[\"a\",\"b\"]", to: "[\"\(long)\"]"), .limit, "255")
    expectRefusal(smallModel.changing("[\"a\",\"b\"]", to: "[]"), .attribute, "vocabulary")
  }

  @Test("two spellings of é are two entries, because requests are compared by bytes")
  func vocabularyBytes() throws {
    let text = smallModel.changing("[\"a\",\"b\"]", to: "[\"\\u00e9\",\"e\\u0301\"]")
    _ = try TypedGraph(ModelDescription(json: Array(text.utf8)))
  }

  @Test("boundaries ascend strictly and a deviation is above zero")
  func numbers() {
    expectRefusal(smallModel.changing("[1,2]", to: "[2,2]"), .attribute, "ascend")
    expectRefusal(smallModel.changing("[1,2]", to: "[]"), .attribute, "boundaries")
    expectRefusal(
      smallModel.changing("\"deviation\":2", to: "\"deviation\":0"), .attribute, "deviation")
  }

  @Test(
    "heads divide the width, epsilon is above zero, and only relu and gelu are for transformers")
  func transformer() {
    func model(_ attributes: String) -> String {
      smallModel.changing(
        "\"op\":\"lstm\",\"inputs\":[\"event\"],\"units\":6,\"returns\":\"state\"}",
        to: "\"op\":\"pool\",\"inputs\":[\"blocks\"],\"mode\":\"mean\"}"
      ).changing(
        "{\"name\":\"history\"",
        to: "{\"name\":\"blocks\",\"op\":\"transformer\",\"inputs\":[\"event\"],\"layers\":1,"
          + "\"feed_forward\":4,\"norm\":\"pre\",\"causal\":false,\"positions\":\"none\","
          + attributes + "},{\"name\":\"history\"")
    }
    expectRefusal(
      model("\"heads\":2,\"activation\":\"relu\",\"epsilon\":0.1"), .type, "2 heads", "width 5")
    expectRefusal(
      model("\"heads\":5,\"activation\":\"tanh\",\"epsilon\":0.1"), .attribute, "relu or gelu")
    expectRefusal(
      model("\"heads\":5,\"activation\":\"relu\",\"epsilon\":0"), .attribute, "epsilon")
    expectRefusal(
      model("\"heads\":5,\"activation\":\"relu\""), .attribute, "epsilon", "Keras")
  }
}
