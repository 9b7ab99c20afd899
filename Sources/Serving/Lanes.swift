/// What waits: the lanes of all versions that are held, and which of them is next.
package struct Lanes: Sendable {
  private var lanes: [Lane?] = []
  /// Batches taken and not finished.
  package private(set) var runningBatches = 0

  package init() { lanes.reserveCapacity(ServingLimits.lanesMax) }

  /// Places, open or not.
  package var count: Int { lanes.count }

  /// In place, nil where no lane is open. Inlined, for each call of an accessor that yields allocates its frame.
  package subscript(index: Int) -> Lane? {
    @inline(__always) _read { yield lanes[index] }
    @inline(__always) _modify { yield &lanes[index] }
  }

  /// Opens a lane and returns its index, or nil when there are too many. It is served from the first
  /// alias on that points to it.
  package mutating func open(_ lane: Lane) -> Int? {
    if let free = lanes.firstIndex(where: { $0 == nil }) {
      lanes[free] = lane
      return free
    }
    guard lanes.count < ServingLimits.lanesMax else { return nil }
    lanes.append(lane)
    return lanes.count - 1
  }

  /// Retires the lanes that no alias points to any more, and brings those back that one does.
  package mutating func serve(_ served: UInt64) {
    for index in lanes.indices {
      lanes[index]?.state = served >> UInt64(index) & 1 == 1 ? .live : .retiring
    }
  }

  /// Lanes that nothing refers to any more.
  package var drained: [Int] { lanes.indices.filter { lanes[$0]?.isDrained == true } }

  /// Closes a drained lane and hands it out, so that its memory is freed by the caller.
  package mutating func close(_ index: Int) -> Lane? {
    precondition(lanes[index]?.isDrained == true, "a lane in use was closed")
    defer { lanes[index] = nil }
    return lanes[index]
  }

  /// The lane whose first ticket waits longest: lanes take turns by age, not by number.
  package var withOldestHead: Int? {
    var best: Int?
    var oldest = Int64.max
    for index in lanes.indices {
      guard let head = lanes[index]?.queue.first, head.arrival < oldest else { continue }
      oldest = head.arrival
      best = index
    }
    return best
  }

  /// Fills `batch` from a lane; it counts as running until ``finish(_:)``.
  package mutating func take(_ index: Int, into batch: inout Batch, now: Int64) {
    lanes[index]?.fill(&batch, now: now)
    lanes[index]?.runningBatches += 1
    runningBatches += 1
  }

  /// Notes that a batch of this lane was answered.
  package mutating func finish(_ index: Int) {
    lanes[index]?.runningBatches -= 1
    runningBatches -= 1
  }
}
