import ModelGraph
import Testing
import TesseraWire

@Suite("Operations on the elements of vectors are typed or refused")
struct ElementOperationTests {
  /// A user vector of three numbers (one of them of the event axis, pooled), one coupon number, and
  /// `nodes`, the last of which is called "score" and is the output.
  private func model(_ nodes: String) -> String {
    """
    {"format":1,"name":"elements","limits":{"events":4,"coupons":4},
    "inputs":[
     {"name":"age","axis":"user","kind":"number"},
     {"name":"spend","axis":"event","kind":"number"},
     {"name":"value","axis":"coupon","kind":"number"}],
    "nodes":[
     {"name":"spent","op":"pool","inputs":["spend"],"mode":"mean"},
     {"name":"pair","op":"concat","inputs":["age","spent","value"]},
     {"name":"wide","op":"linear","inputs":["pair"],"units":3},
     \(nodes)],
    "outputs":["score"]}
    """
  }

  private func graph(_ nodes: String) throws -> TypedGraph {
    try TypedGraph(ModelDescription(json: Array(model(nodes).utf8)))
  }

  /// One node that reads `wide`, and a score after it.
  private func after(_ attributes: String) -> String {
    "{\"name\":\"tested\",\"inputs\":[\"wide\"],\(attributes)},"
      + "{\"name\":\"score\",\"op\":\"linear\",\"inputs\":[\"tested\"],\"units\":1}"
  }

  @Test(
    "vectors of other widths are not combined, and a difference is of two",
    arguments: ["subtract", "max", "min"])
  func combinations(op: String) throws {
    let last =
      "{\"name\":\"both\",\"op\":\"concat\",\"inputs\":[\"tested\",\"wide\"]},"
      + "{\"name\":\"score\",\"op\":\"linear\",\"inputs\":[\"both\"],\"units\":1}"
    func tested(_ inputs: String) -> String {
      "{\"name\":\"tested\",\"op\":\"\(op)\",\"inputs\":[\(inputs)]},\(last)"
    }
    let typed = try graph(tested("\"age\",\"value\""))
    #expect(typed.nodes[3].axis == .coupon && typed.nodes[3].width == 1)
    expectRefusal(model(tested("\"wide\",\"value\"")), .type, "\(op) needs equal widths")
    expectRefusal(model(tested("\"spend\",\"value\"")), .type, "mixes", "event axis")
    if op == "subtract" {
      expectRefusal(model(tested("\"age\",\"value\",\"spent\"")), .type, "exactly 2")
    } else {
      #expect(try graph(tested("\"age\",\"value\",\"spent\"")).nodes[3].axis == .coupon)
    }
  }

  @Test("a slice lies inside its input; numbers that overflow are refused, not added")
  func slices() throws {
    func slice(_ begin: Int, _ width: Int) -> String {
      model(after("\"op\":\"slice\",\"begin\":\(begin),\"width\":\(width)"))
    }
    for (begin, width) in [(0, 1), (0, 3), (2, 1), (1, 2)] {
      let typed = try TypedGraph(ModelDescription(json: Array(slice(begin, width).utf8)))
      #expect(typed.nodes[3].width == width && typed.nodes[3].axis == .coupon)
    }
    for (begin, width) in [(0, 4), (3, 1), (2, 2), (-1, 2), (0, 0), (1, -1), (2, .max), (.max, 2)] {
      expectRefusal(slice(begin, width), .attribute, "tested", "3 wide")
    }
  }

  @Test("a product of vectors is one number on the finer axis; it is of two of equal width")
  func dot() throws {
    func dot(_ inputs: String) -> String {
      "{\"name\":\"score\",\"op\":\"dot\",\"inputs\":[\(inputs)]}"
    }
    let typed = try graph(dot("\"wide\",\"wide\""))
    #expect(typed.nodes[3].axis == .coupon && typed.nodes[3].width == 1)
    expectRefusal(model(dot("\"wide\",\"age\"")), .type, "dot needs equal widths")
    expectRefusal(model(dot("\"wide\",\"wide\",\"wide\"")), .type, "exactly 2")
  }

  @Test("an epsilon is above 0, and one that is missing is asked for with what frameworks have")
  func epsilons() {
    for (op, usual) in [("batch_norm", "Keras 1e-3"), ("l2_norm", "1e-12")] {
      expectRefusal(
        model(after("\"op\":\"\(op)\",\"epsilon\":0")), .attribute, "\"epsilon\"", "above 0")
      expectRefusal(model(after("\"op\":\"\(op)\"")), .attribute, "\"epsilon\"", usual)
    }
  }

  @Test("a variance of 0 is taken, one below 0 is refused with its tensor; means may be below 0")
  func variances() throws {
    let typed = try graph(after("\"op\":\"batch_norm\",\"epsilon\":0.001"))
    func tensors(variance: Float) -> [TensorData] {
      typed.requiredTensors.map { required in
        var values = [Float](repeating: -1, count: required.shape.reduce(1, *))
        if required.name == "tested.variance" { values = [1, variance, 2] }
        return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
      }
    }
    #expect(typed.requiredTensors.filter(\.isNonNegative).map(\.name) == ["tested.variance"])
    try typed.validate(tensors(variance: 0))
    let error = #expect(throws: ModelError.self) { try typed.validate(tensors(variance: -0.5)) }
    #expect(error?.code == .tensor && error?.place == "tensor \"tested.variance\"")
    #expect("\(error, default: "none")".contains("number 1 is -0.5"))
  }

  @Test("a slope is needed by leaky_relu and elu, is at least 0, and is refused for the others")
  func slopes() throws {
    for word in ["leaky_relu", "elu"] {
      let activation = "\"op\":\"activation\",\"function\":\"\(word)\""
      #expect(try graph(after(activation + ",\"slope\":0")).nodes[3].width == 3)
      expectRefusal(model(after(activation)), .attribute, word, "needs \"slope\"")
      expectRefusal(model(after(activation + ",\"slope\":-0.1")), .attribute, "at least 0")
    }
    for word in [
      "relu", "gelu", "tanh", "sigmoid", "silu", "gelu_tanh", "softplus", "hard_sigmoid",
    ] {
      let activation = "\"op\":\"activation\",\"function\":\"\(word)\""
      #expect(try graph(after(activation)).nodes[3].width == 3)
      expectRefusal(model(after(activation + ",\"slope\":1")), .attribute, word, "remove it")
    }
  }

  @Test("an activation is a probability where it is a sigmoid, and in no other case")
  func probability() throws {
    for (word, isProbability) in [("sigmoid", true), ("hard_sigmoid", false), ("tanh", false)] {
      let typed = try graph(
        "{\"name\":\"logit\",\"op\":\"linear\",\"inputs\":[\"wide\"],\"units\":1},"
          + "{\"name\":\"score\",\"op\":\"activation\",\"inputs\":[\"logit\"],"
          + "\"function\":\"\(word)\"}")
      #expect(typed.signature.outputs[0].meaning == (isProbability ? .probability : .value))
    }
  }
}
