import Inference
import ModelGraph
import TesseraWire
import Testing

@Suite("Vectors and dense ids")
struct VectorInputTests {
  /// A vector of each coupon, answered as it came.
  private func echo() throws -> (Workspace, Signature) {
    let json = """
      {"format": 1, "name": "echo", "limits": {"events": 1, "coupons": 8},
       "inputs": [{"name": "x", "axis": "coupon", "kind": "vector", "width": 3}],
       "nodes": [{"name": "y", "op": "linear", "inputs": ["x"], "units": 3, "use_bias": false}],
       "outputs": ["y"]}
      """
    let graph = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    let identity = TensorData(
      name: "y.weight", shape: [3, 3], storage: .float32([1, 0, 0, 0, 1, 0, 0, 0, 1]))
    let plan = try Plan(graph: graph, tensors: [identity], limits: .small)
    return (plan.makeWorkspace(), graph.signature)
  }

  @Test("the numbers of a vector are the same in every encoding, each row with its own scale")
  func encodings() throws {
    let (workspace, signature) = try echo()
    let bytes: [Int8] = [1, -2, 3, 127, -127, 0, 5, 6, -7]
    let scales: [Float] = [0.5, 4, 0.125]
    let numbers = bytes.enumerated().map { Float($1) * scales[$0 / 3] }
    // Numbers that float16 has are sent in it; one that it has not, as float32.
    for columns: ColumnValues in [
      .scaledVectors(width: 3, scales: scales, values: bytes), .vectors(width: 3, numbers),
      .vectors(width: 3, numbers.map { $0 + 1 / 65_536 }),
    ] {
      let request = try Request(
        ScoreBody(handle: 0, users: [.init(events: 0, coupons: 3)], columns: [columns]), signature)
      let expected: [Float] =
        if case .vectors(_, let sent) = columns { sent } else { numbers }
      #expect(workspace.score([request]) == [[expected]])
      #expect(workspace.score([request, request]) == [[expected], [expected]])
    }
  }
}
