import NIOCore
import Serving
import Synchronization

/// The answers of one batch for one event loop: filled by a worker, written by the loop, then used
/// again. All replies lie in one buffer.
///
/// The worker has it until ``hand()``, the event loop from then until it clears `isInUse`. Hence
/// unchecked.
final class ReplyBatch: @unchecked Sendable {
  /// What became of one ticket.
  struct Reply {
    let request: PendingRequest
    /// The users that were meant.
    let users: UserMask
    let outcome: Outcome
  }

  /// How a ticket ended.
  enum Outcome {
    /// Its reply was written, as a part of `bytes`.
    case written(offset: Int, byteCount: Int)
    /// Refused after it was queued.
    case refused(Refusal)
    /// Its client had gone: no answer.
    case dropped
  }

  let loop: LoopContext
  var bytes = ByteBuffer()
  var replies: [Reply] = []
  private let isInUse = Atomic(false)

  init(loop: LoopContext) { self.loop = loop }

  /// Takes it for filling, if nobody has it.
  func begin() -> Bool { !isInUse.exchange(true, ordering: .acquiring) }

  /// Hands it to its event loop.
  func hand() {
    loop.eventLoop.execute { self.loop.deliver(self) }
  }

  /// The bytes of a reply, to be written to a socket.
  func slice(offset: Int, byteCount: Int) -> ByteBuffer {
    guard let slice = bytes.getSlice(at: offset, length: byteCount) else {
      preconditionFailure("a reply outside its batch")
    }
    let isShared =
      bytes.readableBytes <= ServerLimits.sharedReplyBytesMax
      || byteCount * 8 >= bytes.readableBytes
    return isShared ? slice : ByteBuffer(buffer: slice)
  }

  /// Ready to be filled again. Memory that a socket still holds is left to it.
  func recycle() {
    replies.removeAll(keepingCapacity: true)
    if bytes.capacity > ServerLimits.keptReplyBytesMax {
      bytes = ByteBuffer()
    } else {
      bytes.clear()
    }
    isInUse.store(false, ordering: .releasing)
  }
}
