/// Whether more is read from a peer: not while it has too much unanswered, nor while it leaves replies
/// lying.
struct Backpressure {
  /// Bytes of the requests in flight and of their replies.
  private(set) var heldBytes = 0
  /// Since when replies have piled up to the limit; nil while they flow.
  private(set) var stalledSince: Int64?
  /// Frames that were read have not been handled yet.
  var hasArrived = false
  /// Reading was asked for while it was stopped.
  private(set) var isReadPending = false

  /// Whether the peer is within its bounds: another frame of it may be handled.
  var isWithinBounds: Bool { heldBytes <= ServingLimits.heldBytesMax && stalledSince == nil }
  /// Whether more may be read.
  private var isOpen: Bool { isWithinBounds && !hasArrived }

  mutating func hold(_ bytes: Int) { heldBytes += bytes }
  mutating func release(_ bytes: Int) { heldBytes -= bytes }

  /// Replies pile up to the limit, or flow again.
  mutating func repliesStalled(_ isStalled: Bool, now: Int64) {
    stalledSince = isStalled ? stalledSince ?? now : nil
  }

  /// Reading is asked for; returns whether to read now, else it is remembered.
  mutating func askToRead(isEnding: Bool) -> Bool {
    isReadPending = !(isOpen || isEnding)
    return !isReadPending
  }

  /// Whether to do now what was asked for before.
  mutating func resume(isEnding: Bool) -> Bool {
    guard isReadPending, isOpen || isEnding else { return false }
    isReadPending = false
    return true
  }
}
