import NIOCore
import Serving
import Synchronization
import TesseraWire

/// Whether a connection's client is still there. Written by its event loop, read by workers.
final class Presence: Sendable {
  private let isGoneFlag = Atomic(false)

  var isGone: Bool { isGoneFlag.load(ordering: .relaxed) }
  func leave() { isGoneFlag.store(true, ordering: .relaxed) }

  /// Of requests in the pool.
  static let nobody = Presence()
}

/// What a connection asks of workers. A new kind of work is a case, a way to gather it and a
/// ``ReplyWriter``.
enum Work {
  /// The scores of every user's coupons.
  case score
}

/// One accepted request, from its decoding to its reply. Pooled by its event loop.
///
/// Handed from the event loop to workers and back; at any time only workers read it, or the event loop
/// alone has it, and the scheduler's lock and the event loop's queue lie between. Hence unchecked.
final class PendingRequest: @unchecked Sendable {
  /// Its event loop.
  let loop: UInt16
  /// Its place in the pool of that loop.
  let place: UInt16
  /// How often the place was used before.
  var generation: UInt32 = 0
  var work = Work.score
  /// Parts of it that are not done. Touched by the event loop alone.
  var parts = FrameParts()
  /// Where the parts' replies come together; nil for a frame that is one part. Touched by the event loop
  /// alone.
  var assembly: ReplyAssembly?
  /// The client has cancelled it and has had its answer. Set by the event loop, read by workers.
  private let isCancelledFlag = Atomic(false)
  /// Of the signature that the frame was decoded with.
  var signatureHash: UInt64 = 0
  /// Where the frame's columns lie. Decoding into it again allocates nothing.
  var layout = ScoreLayout()
  /// The frame's body, a slice of the buffer that was read.
  var body = ByteBuffer()
  /// The client's number for it.
  var requestID: UInt64 = 0
  /// When it arrived, in nanoseconds.
  var arrival: Int64 = 0
  /// Who asked; nil while in the pool.
  var connection: ServerConnection?
  /// Whether who asked is still there; of the same connection.
  var presence = Presence.nobody
  /// Bytes that it counts for in its connection's bound.
  var heldBytes = 0

  init(loop: UInt16, place: UInt16) {
    self.loop = loop
    self.place = place
  }

  var isCancelled: Bool { isCancelledFlag.load(ordering: .relaxed) }
  func cancel() { isCancelledFlag.store(true, ordering: .relaxed) }

  /// Ready for the next frame: what this one held is freed, and its tickets mean nothing any more.
  func reset() {
    body = ByteBuffer()
    connection = nil
    presence = .nobody
    assembly = nil
    isCancelledFlag.store(false, ordering: .relaxed)
    generation &+= 1
  }

  /// Its ticket, to be answered before `deadline`.
  func ticket(deadline: Int64) -> Ticket {
    Ticket(
      request: RequestIndex(loop: loop, place: place, generation: generation),
      userKey: layout.userRecord(0, in: body.readableBytesSpan).key, arrival: arrival,
      deadline: deadline, size: size)
  }

  /// One of its users, for routes that split.
  func user(_ index: Int) -> FrameUser {
    let bytes = body
    let (key, events, coupons) = layout.userRecord(index, in: bytes.readableBytesSpan)
    return FrameUser(
      key: key,
      size: WorkSize(
        rows: RowCounts(users: 1, events: events, coupons: coupons),
        eventPairs: events * events))
  }

  /// Where the rows of some neighbouring users lie in the frame, on each axis.
  func rows(of users: Range<Int>) -> PerAxis<Range<Int>> {
    let bytes = body
    return layout.rows(of: users, in: bytes.readableBytesSpan)
  }

  /// Rows that some of its users have.
  func rows(of users: UserMask) -> RowCounts {
    if users.count == layout.users { return layout.counts }
    var counts = RowCounts()
    for user in 0..<layout.users where users.contains(user) {
      counts = counts + self.user(user).size.rows
    }
    return counts
  }

  /// What it brings to a batch.
  private var size: WorkSize {
    var pairs = 0
    for user in 0..<layout.users {
      let events = layout.userRecord(user, in: body.readableBytesSpan).events
      pairs += events * events
    }
    return WorkSize(rows: layout.counts, eventPairs: pairs)
  }
}
