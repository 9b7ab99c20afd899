import NIOCore
import Serving

/// The requests of one event loop: made when first needed, used again, never more than a bound.
///
/// The event loop takes and gives back; workers look up what a ticket names. Places are memory that never
/// moves, and a place is filled before the scheduler's lock hands its ticket on. Hence unchecked.
@safe final class RequestPool: @unchecked Sendable {
  private let places: UnsafeMutableBufferPointer<PendingRequest?>
  /// Index of the event loop.
  private let loop: UInt16
  /// Places that were ever used.
  private var used = 0
  private var free: [PendingRequest] = []

  init(loop: Int) {
    self.loop = UInt16(loop)
    precondition(ServerLimits.loopRequestsMax <= Int(UInt16.max) + 1, "a place is a UInt16")
    // Freed in `deinit`; every place is initialised here, so each later store replaces.
    unsafe places = .allocate(capacity: ServerLimits.loopRequestsMax)
    unsafe places.initialize(repeating: nil)
  }

  deinit {
    // Allocated and initialised in `init`; nobody looks up any more.
    unsafe places.deinitialize()
    unsafe places.deallocate()
  }

  /// Whether a request can be taken.
  var hasRoom: Bool { !free.isEmpty || used < ServerLimits.loopRequestsMax }

  /// A request to be filled. Only while there is room.
  func take() -> PendingRequest {
    if let request = free.popLast() { return request }
    precondition(hasRoom, "more requests than a loop may hold")
    let request = PendingRequest(loop: loop, place: UInt16(used))
    // `used` is below the capacity, as was just checked.
    unsafe places[used] = request
    used += 1
    return request
  }

  /// Gives a request back: its frame's memory is freed, and its tickets mean nothing any more.
  func give(back request: PendingRequest) {
    request.reset()
    free.append(request)
  }

  /// The request of a ticket. For the worker that has the ticket.
  func request(_ index: RequestIndex) -> PendingRequest {
    // A UInt16 is below the capacity or names a place that was never used; both end here.
    guard Int(index.place) < ServerLimits.loopRequestsMax,
      let request = unsafe places[Int(index.place)]
    else { preconditionFailure("a ticket without a request") }
    precondition(request.generation == index.generation, "a ticket of an earlier request")
    return request
  }
}
