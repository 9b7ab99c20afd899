import ModelGraph
import Testing

/// A valid model with every kind of input, as text: tests spoil one place of it.
let smallModel = """
  {"format":1,"name":"small","limits":{"events":8,"coupons":8},
  "inputs":[
   {"name":"item","axis":"event","kind":"id","values":"string","vocabulary":["a","b"]},
   {"name":"spend","axis":"event","kind":"number","log1p":true,"clip":[0,6],"mean":0.5,"deviation":2},
   {"name":"tags","axis":"coupon","kind":"bag","values":"integer","hash_buckets":7},
   {"name":"age","axis":"user","kind":"number","boundaries":[1,2]}],
  "nodes":[
   {"name":"item_row","op":"embedding","inputs":["item"],"table":"items","width":4},
   {"name":"event","op":"concat","inputs":["item_row","spend"]},
   {"name":"history","op":"lstm","inputs":["event"],"units":6,"returns":"state"},
   {"name":"tag_row","op":"embedding","inputs":["tags"],"table":"tags","width":3,"reduce":"mean"},
   {"name":"age_row","op":"embedding","inputs":["age"],"table":"ages","width":2},
   {"name":"pair","op":"concat","inputs":["history","age_row","tag_row"]},
   {"name":"logit","op":"linear","inputs":["pair"],"units":1},
   {"name":"redeem","op":"sigmoid","inputs":["logit"]}],
  "outputs":["redeem"]}
  """

extension String {
  /// The text with one place changed; the place must be there exactly once.
  func changing(_ old: String, to new: String) -> String {
    precondition(components(separatedBy: old) == 2, "\(old) is not there exactly once")
    return replacing(old, with: new)
  }

  private func components(separatedBy part: String) -> Int {
    ranges(of: part).count + 1
  }
}

/// Expects that the text is refused with this code, and that the error says all of `words`.
func expectRefusal(
  _ text: String, _ code: ModelError.Code, _ words: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  do {
    _ = try TypedGraph(ModelDescription(json: Array(text.utf8)))
    Issue.record("was not refused", sourceLocation: sourceLocation)
  } catch {
    expect(error, code, words, sourceLocation)
  }
}

/// Expects an error of this code that says all of `words`.
func expect(
  _ error: any Error, _ code: ModelError.Code, _ words: [String], _ location: SourceLocation
) {
  guard let error = error as? ModelError else {
    Issue.record("is no ModelError: \(error)", sourceLocation: location)
    return
  }
  #expect(error.code == code, "\(error)", sourceLocation: location)
  for word in words {
    #expect("\(error)".contains(word), "\(error)", sourceLocation: location)
  }
}

/// The graph of ``smallModel`` with float32 tensors of the right shapes.
func smallGraph() throws -> (graph: TypedGraph, tensors: [TensorData]) {
  let graph = try TypedGraph(ModelDescription(json: Array(smallModel.utf8)))
  let tensors = graph.requiredTensors.map { required in
    let count = required.shape.reduce(1, *)
    let values = (0..<count).map { Float($0 % 7) - 3 }
    return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
  }
  return (graph, tensors)
}
