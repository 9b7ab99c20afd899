// model.json: a graph that is typed and within its limits, or an error; written and read again it is the same model.

import ModelGraph
import TesseraWire

func testModel(_ bytes: [UInt8]) {
  guard let description = try? ModelDescription(json: bytes) else { return }
  guard let again = try? ModelDescription(json: description.json()) else {
    fatalError("a description was written that cannot be read")
  }
  expect(again == description, "the description changed")
  guard let graph = try? TypedGraph(description) else { return }
  let bound = BoundBody(handle: 0, version: 1, signature: graph.signature)
  var frame: [UInt8] = []
  expect(
    (try? bound.encodeFrame(requestID: 1, into: &frame)) != nil,
    "a typed graph has a signature that no client can be told")
  for tensor in graph.requiredTensors {
    expect(1...ModelLimits.dimensionsMax ~= tensor.shape.count, "\(tensor.name): \(tensor.shape)")
    var elements = 1
    for dimension in tensor.shape {
      expect(1...ModelLimits.tensorElementsMax ~= dimension, "\(tensor.name): \(tensor.shape)")
      elements *= dimension
    }
    expect(elements <= ModelLimits.tensorElementsMax, "\(tensor.name): \(tensor.shape)")
  }
}
