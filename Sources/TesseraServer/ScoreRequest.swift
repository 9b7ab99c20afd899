import NIOCore
import Serving
import Synchronization
import TesseraWire

/// Whether a connection's client is still there. Written by its event loop, read by workers.
final class Presence: Sendable {
  private let isGoneFlag = Atomic(false)

  var isGone: Bool { isGoneFlag.load(ordering: .relaxed) }
  func leave() { isGoneFlag.store(true, ordering: .relaxed) }
}

/// One accepted SCORE frame, from its decoding to its reply. Pooled by its event loop.
///
/// Handed from the event loop to one worker and back; at any time one of them has it, and the
/// scheduler's lock and the event loop's queue lie between. Hence unchecked.
final class ScoreRequest: @unchecked Sendable {
  /// The event loop that it belongs to.
  let loop: LoopContext
  /// Where the frame's columns lie. Decoding into it again allocates nothing.
  var layout = ScoreLayout()
  /// The frame's body, a slice of the buffer that was read.
  var body = ByteBuffer()
  /// The client's number for it.
  var requestID: UInt64 = 0
  /// When it arrived, in nanoseconds.
  var arrival: Int64 = 0
  /// Who asked; nil while in the pool.
  var connection: ConnectionHandler?
  /// Whether who asked is still there; of the same connection.
  var presence = Presence()
  /// Bytes that it counts for in its connection's bound.
  var heldBytes = 0

  init(loop: LoopContext) { self.loop = loop }

  /// As a ticket carries it.
  var ticketNumber: UInt { UInt(bitPattern: unsafe Unmanaged.passUnretained(self).toOpaque()) }

  /// The request of a ticket.
  static func of(_ ticket: Ticket) -> ScoreRequest {
    guard let address = unsafe UnsafeRawPointer(bitPattern: ticket.request) else {
      preconditionFailure("a ticket without a request")
    }
    // The number was made by `ticketNumber`; a pool keeps its requests for the life of the server.
    return unsafe Unmanaged<ScoreRequest>.fromOpaque(address).takeUnretainedValue()
  }

  /// The rows that it brings to a batch.
  var rows: RowCounts {
    var bagValues = 0
    for index in layout.columns.indices where layout.columns[index].isBag {
      bagValues = max(bagValues, layout.columns[index].valueCount)
    }
    return RowCounts(
      users: layout.users, events: layout.eventRows, coupons: layout.couponRows,
      bagValues: bagValues)
  }
}

/// The requests of one event loop: made when first needed, used again, never more than a bound.
struct RequestPool {
  private var free: [ScoreRequest] = []
  /// Keeps every request alive, also those that a worker has: tickets hold no reference.
  private var all: [ScoreRequest] = []

  /// Nil when `loopRequestsMax` are in use.
  mutating func take(loop: LoopContext) -> ScoreRequest? {
    if let request = free.popLast() { return request }
    guard all.count < ServerLimits.loopRequestsMax else { return nil }
    let request = ScoreRequest(loop: loop)
    all.append(request)
    return request
  }

  /// Gives the request back; its frame's memory is freed.
  mutating func give(back request: ScoreRequest) {
    request.body = ByteBuffer()
    request.connection = nil
    free.append(request)
  }
}
