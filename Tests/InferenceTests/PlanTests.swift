import Inference
import Kernels
import ModelGraph
import Testing
import TesseraWire
import SeededRandom

@Suite("A plan says what it does and what it can hold")
struct PlanTests {
  /// A head over [user ⊕ coupon] whose user part is an LSTM's state and a number.
  private func head() throws -> (graph: TypedGraph, tensors: [TensorData]) {
    let json = """
      {"format":1,"name":"head","limits":{"events":8,"coupons":4},
      "inputs":[
       {"name":"item","axis":"event","kind":"id","values":"integer","hash_buckets":9},
       {"name":"spend","axis":"event","kind":"number","log1p":true},
       {"name":"age","axis":"user","kind":"number"},
       {"name":"tags","axis":"coupon","kind":"bag","values":"string","hash_buckets":9},
       {"name":"value","axis":"coupon","kind":"number","mean":1}],
      "nodes":[
       {"name":"item_row","op":"embedding","inputs":["item"],"table":"items","width":7},
       {"name":"event","op":"concat","inputs":["item_row","spend"]},
       {"name":"history","op":"lstm","inputs":["event"],"units":16,"returns":"state"},
       {"name":"tag_row","op":"embedding","inputs":["tags"],"table":"tags","width":3,"reduce":"sum"},
       {"name":"user","op":"concat","inputs":["history","age"]},
       {"name":"pair","op":"concat","inputs":["user","tag_row","value"]},
       {"name":"hidden","op":"linear","inputs":["pair"],"units":32,"activation":"relu"},
       {"name":"logit","op":"linear","inputs":["hidden"],"units":1},
       {"name":"redeem","op":"sigmoid","inputs":["logit"]}],
      "outputs":["redeem"]}
      """
    let graph = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    return (graph, tensors(for: graph))
  }

  private func tensors(for graph: TypedGraph) -> [TensorData] {
    var random = SeededGenerator(seed: 3)
    return graph.requiredTensors.map { required in
      let values = (0..<required.shape.reduce(1, *)).map { _ in random.normal() / 4 }
      return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
    }
  }

  private func request(_ graph: TypedGraph, events: Int, bags: [[String]]) throws -> Request {
    let ones = [Float](repeating: 1, count: max(events, bags.count))
    let score = ScoreBody(
      handle: 0, users: [.init(events: events, coupons: bags.count)],
      columns: [
        .integers(Array(repeating: 5, count: events)), .numbers(Array(ones.prefix(events))),
        .numbers([40]), .stringBags(bags), .numbers(Array(ones.prefix(bags.count))),
      ])
    return try Request(score, graph.signature)
  }

  @Test("the user's part of a head runs once for each user, and nothing is copied or repeated")
  func split() throws {
    let (graph, tensors) = try head()
    let plan = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small)
    let text = plan.description
    #expect(text.contains("user    hidden (user part)           product int8 [17 → 32]"))
    #expect(
      text.contains("coupon  hidden                       product int8 [4 → 32] + rows of the user")
    )
    #expect(!text.contains("copy"))
  }

  @Test("an int8 embedding that only an LSTM reads is folded into its gates, a float32 one never")
  func folding() throws {
    let (graph, tensors) = try head()
    let text = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small).description
    #expect(text.contains("lstm float32 [1 → 64] + folded float32 [10 × 64], recurrent"))
    #expect(!text.contains("item_row"))
    let reference = try Plan(graph: graph, tensors: tensors, limits: .small).description
    #expect(reference.contains("lstm float32 [8 → 64], recurrent"))
    #expect(reference.contains("item_row"))
  }

  @Test("the user's columns beside each event are multiplied once for each user before an LSTM")
  func userBesideEvents() throws {
    let json = """
      {"format":1,"name":"beside","limits":{"events":8,"coupons":4},
      "inputs":[
       {"name":"item","axis":"event","kind":"id","values":"integer","hash_buckets":9},
       {"name":"age","axis":"user","kind":"number"},
       {"name":"segment","axis":"user","kind":"id","values":"integer","hash_buckets":9},
       {"name":"value","axis":"coupon","kind":"number"}],
      "nodes":[
       {"name":"item_row","op":"embedding","inputs":["item"],"table":"items","width":7},
       {"name":"segment_row","op":"embedding","inputs":["segment"],"table":"segments","width":5},
       {"name":"event","op":"concat","inputs":["item_row","age","segment_row"]},
       {"name":"history","op":"lstm","inputs":["event"],"units":16,"bidirectional":true,"returns":"state"},
       {"name":"pair","op":"concat","inputs":["history","value"]},
       {"name":"logit","op":"linear","inputs":["pair"],"units":1}],
      "outputs":["logit"]}
      """
    let graph = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    let tensors = tensors(for: graph)
    let text = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small).description
    #expect(text.contains("history (user part)          product int8 [6 → 64]"))
    #expect(text.contains("lstm folded float32 [10 × 64] + rows of the user, recurrent int8"))
    #expect(text.contains("lstm backward folded float32 [10 × 64] + rows of the user"))
    let reference = try Plan(graph: graph, tensors: tensors, limits: .small).description
    #expect(reference.contains("lstm float32 [7 → 64] + rows of the user, recurrent float32"))
    #expect(!(text + reference).contains("copy"))
  }

  @Test("a sigmoid joins the product before it, and int8 rows leave the product that made them")
  func fusion() throws {
    let (graph, tensors) = try head()
    let plan = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small)
    let text = plan.description
    #expect(text.contains("product int8 [32 → 1], sigmoid"))
    #expect(text.contains("+ rows of the user, relu → int8"))
    #expect(!text.contains("quantise [32]"))
  }

  @Test("a float32 tensor is multiplied in float32 beside int8 ones")
  func mixed() throws {
    let (graph, tensors) = try head()
    let mixed = graph.quantised(tensors).map { stored in
      stored.name == "logit.weight" ? tensors.first { $0.name == stored.name } ?? stored : stored
    }
    let plan = try Plan(graph: graph, tensors: mixed, limits: .small)
    #expect(plan.description.contains("product float32 [32 → 1], sigmoid"))
    let request = try request(graph, events: 3, bags: [["a"], []])
    let float = try Plan(graph: graph, tensors: tensors, limits: .small).makeWorkspace()
    let scores = plan.makeWorkspace().score([request])[0][0]
    #expect(largestDifference(scores, float.score([request])[0][0]) < 0.02)
  }

  @Test("tensors that do not fit the graph are refused with the graph's words")
  func tensors() throws {
    let (graph, tensors) = try head()
    do {
      _ = try Plan(graph: graph, tensors: Array(tensors.dropLast()), limits: .small)
      Issue.record("was not refused")
    } catch {
      #expect(error.code == .tensors)
      #expect("\(error)".contains("logit.bias"))
    }
  }

  @Test("limits below one user of the model, or beyond memory, are refused")
  func limits() throws {
    let (graph, tensors) = try head()
    for limits in [
      RowCounts(users: 1, events: 7, coupons: 4, bagValues: 255),
      RowCounts(users: 1, events: 8, coupons: 3, bagValues: 255),
      RowCounts(users: 0, events: 8, coupons: 4, bagValues: 255),
      RowCounts(users: 1, events: 8, coupons: 4, bagValues: 254),
      RowCounts(users: 1, events: 1 << 30, coupons: 4, bagValues: 255),
    ] {
      do {
        _ = try Plan(graph: graph, tensors: tensors, limits: limits)
        Issue.record("\(limits) was not refused")
      } catch {
        #expect(error.code == .limits, "\(error)")
      }
    }
  }

  @Test("a workspace takes what fits and no more, on each axis and in each bag")
  func fits() throws {
    let (graph, tensors) = try head()
    let limits = RowCounts(users: 3, events: 8, coupons: 5, bagValues: 255)
    let workspace = try Plan(graph: graph, tensors: tensors, limits: limits).makeWorkspace()
    let full = try request(graph, events: 8, bags: [[]])
    let small = try request(graph, events: 0, bags: [[], []])
    let bag = try request(graph, events: 0, bags: [Array(repeating: "x", count: 200)])
    func append(_ request: Request) {
      // Integers have no padding that `bytes` could expose.
      unsafe workspace.append(request.layout, body: request.body.span.bytes)
    }
    func fits(_ request: Request) -> Bool {
      // As above.
      unsafe workspace.fits(request.layout, body: request.body.span.bytes)
    }
    append(full)
    #expect(!fits(full))
    append(small)
    append(small)
    #expect(workspace.rows == RowCounts(users: 3, events: 8, coupons: 5))
    #expect(!fits(small))
    workspace.reset()
    append(bag)
    #expect(!fits(bag))
    #expect(fits(full))
  }

  @Test("a plan says on which axes it computes and whether its time grows with pairs of events")
  func costTerms() throws {
    let (graph, tensors) = try head()
    let terms = try Plan(graph: graph, tensors: tensors, limits: .small).costTerms
    #expect(Axis.allCases.allSatisfy { terms.rows[$0] })
    #expect(!terms.eventPairs)
    let json = """
      {"format":1,"name":"attends","limits":{"events":8,"coupons":0},
      "inputs":[{"name":"spend","axis":"event","kind":"number"}],
      "nodes":[
       {"name":"blocks","op":"transformer","inputs":["spend"],"layers":1,"heads":1,"feed_forward":4,
        "norm":"pre","causal":false,"activation":"relu","positions":"none","epsilon":0.001},
       {"name":"risk","op":"pool","inputs":["blocks"],"mode":"mean"}],
      "outputs":["risk"]}
      """
    let attending = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    let limits = RowCounts(users: 4, events: 32, bagValues: 255)
    let plan = try Plan(graph: attending, tensors: self.tensors(for: attending), limits: limits)
    #expect(plan.costTerms.eventPairs && plan.costTerms.rows[.event])
    #expect(!plan.costTerms.rows[.coupon])
    #expect(plan.outputAxes == [.user])
  }

  @Test("scores are copied for any range of coupons, counted in the order of appending")
  func copying() throws {
    let (graph, tensors) = try head()
    let workspace = try Plan(graph: graph, tensors: tensors, limits: .small).makeWorkspace()
    let scores = workspace.score([
      try request(graph, events: 2, bags: [["a"], ["b", "c"]]),
      try request(graph, events: 0, bags: [["d"]]),
    ])
    #expect(workspace.scores(output: 0, rows: 1..<3) == [scores[0][0][1], scores[1][0][0]])
    #expect(workspace.scores(output: 0, rows: 2..<2) == [])
  }

  @Test("queries, keys and values of the widest transformer fit one matrix")
  func widest() {
    #expect(KernelLimits.matrixSideMax == 3 * ModelLimits.widthMax)
    #expect(
      4 * KernelLimits.paddedUnits(ModelLimits.recurrentUnitsMax) <= KernelLimits.matrixSideMax)
    #expect(255 * 127 * KernelLimits.matrixSideMax <= Int(Int32.max))
    let outputs = 3 * ModelLimits.widthMax
    let matrix = PackedMatrix(
      int8: Array(repeating: 1, count: outputs), scales: Array(repeating: 1, count: outputs),
      outputs: outputs, depth: 1)
    #expect(matrix.packedOutputs == outputs)
  }
}

@Suite("Ids")
struct IDLookupTests {
  @Test(
    "integer ids that differ in a few bits only, wherever these are, go to many slots of the table",
    arguments: [0, 1, 8, 16, 31, 32, 40, 48, 52])
  func spread(shift: Int) {
    let (ids, slots) = (1_000, 2_048)
    let taken = Set(
      (0..<Int64(ids)).map { IntegerVocabulary.hash($0 << Int64(shift)) & (slots - 1) })
    // 791 of random numbers; with the same few slots for all, a look-up walks along the others' chains.
    #expect(taken.count > 700)
  }
}
