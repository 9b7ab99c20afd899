import ModelGraph
import Testing

@Suite("A model.json is read strictly")
struct ModelDescriptionTests {
  @Test("a valid file is read, and written again it is the same model")
  func roundTrip() throws {
    let description = try ModelDescription(json: Array(smallModel.utf8))
    #expect(description.name == "small")
    #expect(description.inputs.count == 4)
    #expect(description.nodes[2].operation == .lstm(.init(units: 6, returns: .state)))
    #expect(try ModelDescription(json: description.json()) == description)
  }

  @Test("every operation with every attribute survives writing and reading")
  func allOperations() throws {
    let text = """
      {"format":1,"name":"all","limits":{"events":8,"coupons":8},"inputs":[
       {"name":"i","axis":"event","kind":"id","values":"integer","vocabulary":[3,-1]},
       {"name":"b","axis":"event","kind":"bag","values":"string","hash_buckets":5},
       {"name":"n","axis":"coupon","kind":"number","missing":1,"log1p":true,"boundaries":[0.25]}],
      "nodes":[
       {"name":"e","op":"embedding","inputs":["i"],"table":"t","width":4},
       {"name":"f","op":"embedding","inputs":["b"],"table":"u","width":4,"reduce":"sum"},
       {"name":"a","op":"add","inputs":["e","f"]},
       {"name":"m","op":"multiply","inputs":["a","e"]},
       {"name":"t","op":"transformer","inputs":["m"],"layers":2,"heads":2,"feed_forward":8,
        "norm":"pre","causal":true,"activation":"gelu","positions":"sinusoidal","epsilon":0.001},
       {"name":"l","op":"layer_norm","inputs":["t"],"epsilon":0.00001},
       {"name":"s","op":"lstm","inputs":["l"],"units":3,"layers":2,"bidirectional":true,
        "returns":"sequence"},
       {"name":"p","op":"pool","inputs":["s"],"mode":"max"},
       {"name":"c","op":"embedding","inputs":["n"],"table":"v","width":2},
       {"name":"z","op":"concat","inputs":["p","c"]},
       {"name":"w","op":"linear","inputs":["z"],"units":1,"use_bias":false,"activation":"tanh"},
       {"name":"o","op":"sigmoid","inputs":["w"]}],
      "outputs":["o"]}
      """
    let description = try ModelDescription(json: Array(text.utf8))
    #expect(try ModelDescription(json: description.json()) == description)
    let graph = try TypedGraph(description)
    #expect(graph.nodes[6].width == 6)
  }

  @Test("what is not JSON is refused")
  func notJSON() { expectRefusal("{", .malformed, "model.json") }

  @Test("a value of the wrong type is refused with its place")
  func wrongType() {
    expectRefusal(
      smallModel.changing("\"units\":6", to: "\"units\":\"6\""), .malformed, "nodes[2].units",
      "whole number")
  }

  @Test("another format version is refused")
  func format() {
    expectRefusal(
      smallModel.changing("\"format\":1", to: "\"format\":2"), .unknownValue, "format", "version 2")
  }

  @Test("an unknown key is refused wherever it stands, and the known ones are named")
  func unknownKeys() {
    expectRefusal(
      smallModel.changing("\"name\":\"small\"", to: "\"name\":\"small\",\"nam\":1"), .unknownKey,
      "nam", "limits")
    expectRefusal(
      smallModel.changing("\"coupons\":8", to: "\"coupons\":8,\"users\":1"), .unknownKey, "users")
    expectRefusal(
      smallModel.changing("\"mean\":0.5", to: "\"means\":0.5"), .unknownKey, "inputs[1]", "means",
      "deviation")
    expectRefusal(
      smallModel.changing("\"units\":6", to: "\"units\":6,\"dropout\":0.1"), .unknownKey,
      "nodes[2]", "dropout", "bidirectional")
  }

  @Test("an unknown operation is refused and the known ones are named")
  func unknownOperation() {
    expectRefusal(
      smallModel.changing("\"op\":\"lstm\"", to: "\"op\":\"perceptron\""), .unknownValue,
      "nodes[2].op",
      "perceptron", "layer_norm")
  }

  @Test("an unknown word for an axis, a kind or an activation is refused")
  func unknownWords() {
    expectRefusal(
      smallModel.changing("\"age\",\"axis\":\"user\"", to: "\"age\",\"axis\":\"users\""),
      .unknownValue, "inputs[3].axis", "user, event, coupon")
    expectRefusal(
      smallModel.changing("\"kind\":\"bag\"", to: "\"kind\":\"bags\""), .unknownValue, "bags")
    expectRefusal(
      smallModel.changing("\"units\":1", to: "\"units\":1,\"activation\":\"swish\""), .unknownValue,
      "swish", "gelu")
  }

  @Test("a missing attribute is refused by name")
  func missingAttribute() {
    expectRefusal(
      smallModel.changing("\"units\":6,", to: ""), .attribute, "nodes[2]", "\"units\" is missing")
    expectRefusal(
      smallModel.changing(",\"returns\":\"state\"", to: ""), .attribute, "returns", "sequence")
    expectRefusal(
      smallModel.changing("\"table\":\"ages\",", to: ""), .attribute, "\"table\" is missing")
  }

  @Test("an id has either a vocabulary or hash buckets")
  func vocabularyOrBuckets() {
    expectRefusal(
      smallModel.changing("\"hash_buckets\":7", to: "\"hash_buckets\":7,\"vocabulary\":[1]"),
      .attribute, "exactly one")
    expectRefusal(
      smallModel.changing(",\"hash_buckets\":7", to: ""), .attribute, "exactly one")
  }

  @Test("beside boundaries no other number option stands")
  func boundariesAlone() {
    expectRefusal(
      smallModel.changing("\"boundaries\":[1,2]", to: "\"boundaries\":[1,2],\"mean\":1"),
      .unknownKey, "mean")
  }

  @Test("a number that float32 cannot hold is refused")
  func tooLarge() {
    expectRefusal(smallModel.changing("\"mean\":0.5", to: "\"mean\":1e300"), .attribute, "mean")
  }

  @Test("a clip that is no ascending pair is refused")
  func clip() {
    expectRefusal(smallModel.changing("[0,6]", to: "[6,0]"), .attribute, "clip")
    expectRefusal(smallModel.changing("[0,6]", to: "[6]"), .attribute, "clip")
  }
}
