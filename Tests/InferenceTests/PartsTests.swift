import Inference
import Kernels
import ModelGraph
import SeededRandom
import Testing
import TesseraWire

/// A frame may be scored by several versions, each for some of its users and with some of its columns.
@Suite("A frame in parts has the scores of the whole frame")
struct PartsTests {
  @Test(
    "users appended range by range, in any order, have the bits of the whole frame",
    arguments: UInt64(1)...16)
  func ranges(seed: UInt64) throws {
    var model = RandomModel(seed: seed)
    var random = SeededGenerator(seed: seed)
    let (graph, tensors) = try model.make()
    let plan = try Plan(graph: graph, tensors: graph.quantised(tensors), limits: .small)
    let frame = try Request(model.frame(graph.signature, users: 9), graph.signature)
    let whole = plan.makeWorkspace().score([frame])[0]
    for _ in 0..<3 {
      let cuts = ([0, 9] + (0..<3).map { _ in random.count(0...9) }).sorted()
      let ranges = zip(cuts, cuts.dropFirst()).map { $0..<$1 }.shuffled(using: &random)
      let workspace = plan.makeWorkspace()
      let parts = workspace.score(frame, ranges)
      #expect(bits(parts) == bits(whole), "\(ranges)")
    }
  }

  @Test(
    "columns of a signature that joins several models' are read by name", arguments: UInt64(1)...16)
  func columns(seed: UInt64) throws {
    var model = RandomModel(seed: seed)
    var random = SeededGenerator(seed: seed)
    let (graph, tensors) = try model.make()
    let signature = graph.signature
    let plan = try Plan(graph: graph, tensors: tensors, limits: .small)
    let score = try model.frame(signature, users: 7)
    let whole = try plan.makeWorkspace().score([Request(score, signature)])[0]

    // A column of each kind and axis that the plan does not have, then all in another order.
    var columns = zip(signature.columns, score.columns).map { ($0, $1) }
    for axis in Axis.allCases {
      for kind in [ColumnKind.string, .stringBag, .number] {
        let column = Column(name: "other \(axis) \(kind)", axis: axis, kind: kind)
        columns.append((column, model.values(column, of: score)))
      }
    }
    columns.shuffle(using: &random)
    var union = signature
    union.columns = columns.map(\.0)
    let joined = try Request(
      ScoreBody(handle: 0, users: score.users, columns: columns.map(\.1)), union)
    let places = signature.columns.map { column in columns.firstIndex { $0.0 == column } ?? -1 }
    let map = ColumnMap(places, of: columns.count)
    let ranges = [0..<2, 5..<7, 2..<5]
    let parts = plan.makeWorkspace().score(joined, ranges, columns: map)
    #expect(bits(parts) == bits(whole))
  }

  @Test("rows of users that do not fit are not taken, those of others are")
  func fits() throws {
    var model = RandomModel(seed: 3)
    let (graph, tensors) = try model.make()
    let frame = try Request(model.frame(graph.signature, users: 3), graph.signature)
    let limits = RowCounts(users: 2, events: 100, coupons: 100, bagValues: 1_000)
    let workspace = try Plan(graph: graph, tensors: tensors, limits: limits).makeWorkspace()
    func fits(_ users: Range<Int>?) -> Bool {
      // Integers have no padding that `bytes` could expose.
      unsafe workspace.fits(frame.layout, users: users, body: frame.body.span.bytes)
    }
    #expect(!fits(nil))
    #expect(fits(1..<3))
    // As above.
    unsafe workspace.append(frame.layout, users: 1..<3, body: frame.body.span.bytes)
    #expect(workspace.rows[.user] == 2)
    #expect(!fits(0..<1))
    #expect(fits(0..<0))
  }

  @Test("an output on the user axis has a row for each user, alone and in any batch")
  func userOutput() throws {
    let json = """
      {"format":1,"name":"both","limits":{"events":8,"coupons":4},
      "inputs":[
       {"name":"spend","axis":"event","kind":"number"},
       {"name":"value","axis":"coupon","kind":"number"}],
      "nodes":[
       {"name":"history","op":"pool","inputs":["spend"],"mode":"mean"},
       {"name":"pair","op":"concat","inputs":["history","value"]},
       {"name":"sum","op":"linear","inputs":["pair"],"units":1,"use_bias":false}],
      "outputs":["sum","history"]}
      """
    let graph = try TypedGraph(ModelDescription(json: Array(json.utf8)))
    let tensors = [TensorData(name: "sum.weight", shape: [1, 2], storage: .float32([1, 10]))]
    let plan = try Plan(
      graph: graph, tensors: tensors, limits: .small, kernels: .best,
      chunk: RowCounts(users: 2, events: 8, coupons: 8))
    let score = ScoreBody(
      handle: 0,
      users: [(2, 1), (0, 2), (1, 1)].map { .init(events: $0, coupons: $1) },
      columns: [.numbers([1, 2, 4]), .numbers([5, 6, 7, 8])])
    let scores = try plan.makeWorkspace().score([Request(score, graph.signature)])[0]
    #expect(scores == [[51.5, 60, 70, 84], [1.5, 0, 4]])
  }

  private func bits(_ scores: [[Float]]) -> [[UInt32]] { scores.map { $0.map(\.bitPattern) } }
}

extension RandomModel {
  /// A frame of several users, each with other counts of rows.
  mutating func frame(_ signature: Signature, users: Int) throws -> ScoreBody {
    let records = (0..<users).map {
      ScoreBody.User(events: ($0 * 5) % 19, coupons: 1 + ($0 * 3) % 9)
    }
    var score = ScoreBody(handle: 0, users: records, columns: [])
    score.columns = signature.columns.map { values($0, of: score) }
    return score
  }

  mutating func values(_ column: Column, of score: ScoreBody) -> ColumnValues {
    let rows = score.users.reduce(RowCounts()) {
      $0 + RowCounts(users: 1, events: $1.events, coupons: $1.coupons)
    }
    return values(column, rows: rows[column.axis])
  }
}

extension Workspace {
  /// Scores of a frame that is appended in these ranges, in the order of the frame.
  fileprivate func score(
    _ frame: Request, _ ranges: [Range<Int>], columns: ColumnMap = .identity
  ) -> [[Float]] {
    reset()
    // Integers have no padding that `bytes` could expose.
    let body = unsafe frame.body.span.bytes
    var firsts: [Int: RowCounts] = [:]
    for range in ranges {
      precondition(fits(frame.layout, users: range, columns: columns, body: body))
      var first = rows
      append(frame.layout, users: range, columns: columns, body: body)
      for user in range {
        firsts[user] = first
        let record = frame.layout.userRecord(user, in: body)
        first = first + RowCounts(users: 1, events: record.events, coupons: record.coupons)
      }
    }
    run()
    return plan.outputAxes.indices.map { output in
      (0..<frame.layout.users).flatMap { user -> [Float] in
        let record = frame.layout.userRecord(user, in: body)
        let first = firsts[user]?[plan.outputAxes[output]] ?? 0
        let count = plan.outputAxes[output] == .user ? 1 : record.coupons
        return scores(output: output, rows: first..<first + count)
      }
    }
  }
}
