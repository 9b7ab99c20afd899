/// What waits: the lanes of all versions that are held, and which of them is next.
package struct Lanes: Sendable {
  /// Where no lane is open, nil. Looked up in the array itself: an accessor of this type that yields a lane would
  /// allocate the frame of its coroutine, for each ticket several times, under the lock that workers need.
  package internal(set) var places: [Lane?] = []
  /// Batches taken and not finished.
  package private(set) var runningBatches = 0

  package init() { places.reserveCapacity(ServingLimits.lanesMax) }

  /// Opens a lane and returns its index, or nil when there are too many. It is served from the first
  /// alias on that points to it.
  package mutating func open(_ lane: Lane) -> Int? {
    if let free = places.firstIndex(where: { $0 == nil }) {
      places[free] = lane
      return free
    }
    guard places.count < ServingLimits.lanesMax else { return nil }
    places.append(lane)
    return places.count - 1
  }

  /// Retires the lanes that no alias points to any more, and brings those back that one does.
  package mutating func serve(_ served: UInt64) {
    for index in places.indices {
      places[index]?.state = served >> UInt64(index) & 1 == 1 ? .live : .retiring
    }
  }

  /// Lanes that nothing refers to any more.
  package var drained: [Int] { places.indices.filter { places[$0]?.isDrained == true } }

  /// Closes a drained lane and hands it out, so that its memory is freed by the caller.
  package mutating func close(_ index: Int) -> Lane? {
    precondition(places[index]?.isDrained == true, "a lane in use was closed")
    defer { places[index] = nil }
    return places[index]
  }

  /// The lane whose first ticket waits longest: lanes take turns by age, not by number.
  package var withOldestHead: Int? {
    var best: Int?
    var oldest = Int64.max
    for index in places.indices {
      guard let head = places[index]?.queue.first, head.arrival < oldest else { continue }
      oldest = head.arrival
      best = index
    }
    return best
  }

  /// Fills `batch` from a lane; it counts as running until ``finish(_:)``.
  package mutating func take(_ index: Int, into batch: inout Batch, now: Int64) {
    places[index]?.fill(&batch, now: now)
    places[index]?.runningBatches += 1
    runningBatches += 1
  }

  /// Notes that a batch of this lane was answered.
  package mutating func finish(_ index: Int) {
    places[index]?.runningBatches -= 1
    runningBatches -= 1
  }
}
