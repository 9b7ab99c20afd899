import Inference
import ModelGraph
import TesseraWire
import Testing

@Suite("Scores that are not finite")
struct FiniteTests {
  @Test("copying scores tells of one that is not finite, wherever it stands", arguments: 0..<3)
  func anywhere(place: Int) throws {
    let json = """
      {"format":1,"name":"head","limits":{"events":8,"coupons":4},
      "inputs":[{"name":"value","axis":"coupon","kind":"number","deviation":0.05}],
      "nodes":[
       {"name":"logit","op":"linear","inputs":["value"],"units":1},
       {"name":"redeem","op":"sigmoid","inputs":["logit"]}],
      "outputs":["redeem"]}
      """
    let graph = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    let tensors = graph.requiredTensors.map { required in
      // No weight, so that infinity times it is no number.
      TensorData(
        name: required.name, shape: required.shape,
        storage: .float32(Array(repeating: 0, count: required.shape.reduce(1, *))))
    }
    let plan = try Plan(graph: graph, tensors: tensors, limits: .small)
    var values: [Float] = [1, 2, 3]
    // Divided by the deviation it is infinite.
    values[place] = 3e38
    let request = try Request(
      ScoreBody(
        handle: 0, users: [.init(events: 0, coupons: 3)], columns: [.numbers(values)]),
      graph.signature)
    let workspace = plan.makeWorkspace()
    let scores = workspace.score([request])[0][0]
    #expect(scores.map(\.isFinite) == values.map { $0 < 4 })
    var copy = [Float](repeating: 0, count: 3)
    for rows in [0..<3, place..<place + 1, 0..<place, place + 1..<3] {
      // The array holds more than the rows.
      let isFinite = unsafe copy.withUnsafeMutableBytes {
        unsafe workspace.copyScores(output: 0, rows: rows, into: $0)
      }
      #expect(isFinite == !rows.contains(place))
    }
  }
}
