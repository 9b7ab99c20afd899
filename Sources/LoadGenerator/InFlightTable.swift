/// A request that has been or is about to be sent.
package struct SentRequest: Hashable, Sendable {
  /// When it was due (open loop) or written (closed loop), in nanoseconds.
  package var intended: UInt64
  /// Which of the bodies.
  package var body: Int
  /// The handle it was sent with.
  var handle: UInt16 = 0
  /// It was refused with REBIND_REQUIRED once and is sent again.
  var isRepeat = false
  /// What the reply must have.
  var users: UInt16 = 0
  var outputs: UInt8 = 0
  var coupons: UInt32 = 0
  var numbers: UInt32 = 0

  package init(intended: UInt64, body: Int) {
    self.intended = intended
    self.body = body
  }
}

/// The unanswered requests of one connection. A request id is the number of a place, and above it how
/// often that place has been used, so that ids repeat only after four billion requests.
/// Allocates nothing after it was made.
package struct InFlightTable: Sendable {
  private var places: [SentRequest?]
  private var uses: [UInt32]
  private var free: [UInt32]

  package init(capacity: Int) {
    places = Array(repeating: nil, count: capacity)
    uses = Array(repeating: 0, count: capacity)
    free = (0..<UInt32(capacity)).reversed()
  }

  package var count: Int { places.count - free.count }
  package var isFull: Bool { free.isEmpty }

  /// Keeps the request and gives it an id, never 0; nil when all places are taken.
  package mutating func add(_ request: SentRequest) -> UInt64? {
    guard let place = free.popLast() else { return nil }
    uses[Int(place)] = max(1, uses[Int(place)] &+ 1)
    places[Int(place)] = request
    return UInt64(uses[Int(place)]) << 32 | UInt64(place)
  }

  /// The request with this id, which is then unknown; nil when it is already.
  package mutating func remove(_ id: UInt64) -> SentRequest? {
    let place = Int(id & 0xFFFF_FFFF)
    guard place < places.count, uses[place] == id >> 32, let request = places[place] else {
      return nil
    }
    places[place] = nil
    free.append(UInt32(place))
    return request
  }

  /// All requests, which are then unknown.
  package mutating func removeAll() -> [SentRequest] {
    var all: [SentRequest] = []
    for place in places.indices {
      guard let request = places[place] else { continue }
      all.append(request)
      places[place] = nil
      free.append(UInt32(place))
    }
    return all
  }
}
