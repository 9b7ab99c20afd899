import Serving
import TesseraWire

/// A dispatcher and its routing table, and the few verbs that transcripts need.
struct Desk {
  var dispatcher: Dispatcher
  var table = RoutingTable()
  /// Of the lanes, as they were opened last.
  private var versions: [Int: RoutingTable.Version] = [:]
  var batch = Batch()
  /// Of a batch, unless a test says otherwise.
  static let rowsMax = RowCounts(users: 64, events: 4_096, coupons: 4_096, bagValues: 65_536)

  init(workers: Int = 2, queueNanosecondsMax: Int64 = 10_000_000) {
    dispatcher = Dispatcher(
      admission: Admission(queueNanosecondsMax: queueNanosecondsMax, workers: workers))
  }

  mutating func open(
    _ model: String, _ version: UInt32, signature: UInt64 = 7, nanosecondsPerRow: Double = 1_000,
    rowsMax: RowCounts = Desk.rowsMax
  ) -> Int {
    open(
      .sample(model, version, hash: signature), nanosecondsPerRow: nanosecondsPerRow,
      rowsMax: rowsMax)
  }

  mutating func open(
    _ version: RoutingTable.Version, nanosecondsPerRow: Double, rowsMax: RowCounts = Desk.rowsMax
  ) -> Int {
    let lane = Lane(
      model: version.model, version: version.version, batchRowsMax: rowsMax,
      cost: CostModel(nanosecondsPerRow: nanosecondsPerRow))
    guard let index = dispatcher.open(lane) else { return -1 }
    table.open(version, lane: index)
    versions[index] = version
    return index
  }

  mutating func promote(_ model: String, alias: String = "production", to lane: Int?) {
    let target = lane.flatMap { lane in
      versions[lane].map { RoutingTable.Target(lane: lane, $0) }
    }
    guard let change = table.point(model: model, alias: alias, to: target) else { return }
    dispatcher.apply(change)
  }

  mutating func close(_ lane: Int) -> Lane? {
    table.close(lane: lane)
    return dispatcher.close(lane: lane)
  }

  /// The slot that BIND gives.
  func bind(_ model: String, version: UInt32? = nil) -> Result<Int, Refusal> {
    table.bind(
      BindBody(.model, model, target: version.map { .version($0) } ?? .alias("production"))
    ).map(\.slot)
  }

  mutating func submit(
    _ request: UInt16, _ slot: Int, at now: Int64, deadline: Int64 = 1_000_000_000,
    rows: Int = 10, signature: UInt64 = 7
  ) -> Dispatcher.Submission {
    submit(
      request, slot, at: now, deadline: deadline, users: 1,
      each: RowCounts(users: 1, events: rows - 2, coupons: 1), signature: signature)
  }

  /// A frame of several users of one size.
  mutating func submit(
    _ request: UInt16, _ slot: Int, at now: Int64, deadline: Int64 = 1_000_000_000, users: Int,
    each rows: RowCounts, signature: UInt64 = 7
  ) -> Dispatcher.Submission {
    let size = WorkSize(
      rows: RowCounts(
        users: users, events: users * rows[.event], coupons: users * rows[.coupon]))
    return dispatcher.submit(
      Ticket(
        request: RequestIndex(loop: 0, place: request, generation: 0), userKey: 1, arrival: now,
        deadline: deadline, size: size),
      to: slot, signatureHash: signature, now: now,
      user: { _ in FrameUser(key: 1, size: WorkSize(rows: rows)) })
  }

  /// The requests that the worker gets, or nil when nothing waits.
  mutating func take(_ worker: Int = 0, at now: Int64) -> [UInt16]? {
    switch dispatcher.take(worker: worker, now: now, into: &batch) {
    case .nothing: nil
    case .batch: batch.tickets.map(\.request.place)
    }
  }

  mutating func finish() {
    var outcomes = Outcomes()
    outcomes.scored = batch.tickets.count
    for _ in batch.expired { outcomes.refuse(.deadlineExceeded) }
    dispatcher.finish(
      batch, computed: batch.size, nanoseconds: batch.cost, outcomes: outcomes)
  }
}

extension RoutingTable.Version {
  static func sample(_ model: String, _ version: UInt32, hash: UInt64 = 7) -> Self {
    Self(
      model: model, version: version,
      signature: Signature(
        columns: [], outputs: [Output(name: "redeem", meaning: .probability)], eventsMax: 1,
        couponsMax: 1),
      signatureHash: hash)
  }
}
