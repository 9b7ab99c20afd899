import ModelGraph
import Testing

@Suite("Windows over events make sequences of their own")
struct SequenceTests {
  /// A history of two convolutions and what joins them.
  private func model(
    _ left: String, _ right: String, join: String = "\"op\":\"multiply\""
  ) -> String {
    """
    {"format":1,"name":"windows","limits":{"events":8,"coupons":0},
    "inputs":[{"name":"spend","axis":"event","kind":"number"},
     {"name":"age","axis":"user","kind":"number"}],
    "nodes":[
     {"name":"left","op":"conv1d","inputs":["spend"],"filters":1,\(left)},
     {"name":"right","op":"conv1d","inputs":["spend"],"filters":1,\(right)},
     {"name":"both",\(join),"inputs":["left","right","age"]},
     {"name":"pooled","op":"pool","inputs":["both"],"mode":"max"}],
    "outputs":["pooled"]}
    """
  }

  private func graph(_ text: String) throws -> TypedGraph {
    try TypedGraph(ModelDescription(json: Array(text.utf8)))
  }

  @Test("windows that keep the rows make none, and windows of equal reach make the same")
  func same() throws {
    for (left, right, count) in [
      ("\"kernel\":3,\"padding\":\"same\"", "\"kernel\":4,\"padding\":\"causal\"", 1),
      ("\"kernel\":1", "\"kernel\":2,\"padding\":\"same\"", 1),
      ("\"kernel\":3", "\"kernel\":2,\"dilation\":2", 2),
      (
        "\"kernel\":3,\"stride\":2,\"padding\":\"same\"",
        "\"kernel\":5,\"stride\":2,\"padding\":\"causal\"", 2
      ),
    ] {
      #expect(try graph(model(left, right)).sequences.count == count)
    }
  }

  @Test("values of different sequences never meet, and the refusal names both")
  func mixed() {
    for (left, right) in [
      ("\"kernel\":3", "\"kernel\":2"),
      ("\"kernel\":3", "\"kernel\":3,\"stride\":2"),
      ("\"kernel\":3,\"padding\":\"same\"", "\"kernel\":3"),
      ("\"kernel\":1,\"stride\":2", "\"kernel\":1"),
    ] {
      expectRefusal(
        model(left, right), .type, "node \"both\"", "mixes \"left\" and \"right\"",
        "other rows for a user's events")
    }
  }

  @Test("sequences of sequences have the rows that the page says")
  func counts() throws {
    let graph = try graph(model("\"kernel\":3,\"stride\":2", "\"kernel\":3,\"stride\":2"))
    #expect((0...8).map(graph.sequences[1].rows) == [0, 0, 0, 1, 1, 2, 2, 3, 3])
    let padded = try self.graph(
      model(
        "\"kernel\":3,\"stride\":2,\"padding\":\"same\"",
        "\"kernel\":3,\"stride\":2,\"padding\":\"same\""))
    #expect((0...8).map(padded.sequences[1].rows) == [0, 1, 1, 2, 2, 3, 3, 4, 4])
  }

  @Test("counts and widths of windows are checked")
  func limits() {
    let same = "\"kernel\":1"
    expectRefusal(model("\"kernel\":0", same), .attribute, "\"kernel\" is 0")
    expectRefusal(model("\"kernel\":1025", same), .limit, "\"kernel\" is 1025")
    expectRefusal(model(same + ",\"stride\":0", same), .attribute, "\"stride\" is 0")
    expectRefusal(model(same + ",\"dilation\":2000", same), .limit, "\"dilation\" is 2000")
    expectRefusal(
      model(same, same).replacing("\"inputs\":[\"spend\"]", with: "\"inputs\":[\"age\"]"), .type,
      "conv1d runs over events")
    let wide = model("\"kernel\":1024,\"padding\":\"same\"", same)
      .replacing("\"filters\":1", with: "\"filters\":17")
      .replacing(
        "\"name\":\"right\",\"op\":\"conv1d\",\"inputs\":[\"spend\"]",
        with: "\"name\":\"right\",\"op\":\"conv1d\",\"inputs\":[\"left\"]"
      )
      .replacing("17,\"kernel\":1}", with: "17,\"kernel\":1024}")
    expectRefusal(wide, .limit, "the width of a window is 17408")
  }

  @Test("products count the rows of the sequence that they are taken for")
  func products() throws {
    // 8 events: 3 windows of 3 rows at stride 2, one column, one filter, twice.
    let graph = try graph(model("\"kernel\":3,\"stride\":2", "\"kernel\":3,\"stride\":2"))
    #expect(graph.multiplyAccumulates(events: 8, coupons: 0) == 2 * 3 * 3)
  }
}
