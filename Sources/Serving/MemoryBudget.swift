/// Bytes that the connections of one event loop hold together: frames that are still arriving, requests in flight,
/// their replies.
package struct MemoryBudget: Sendable {
  private let bytesMax: Int
  package private(set) var heldBytes = 0

  package init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// Whether nothing more is to be taken in.
  package var isFull: Bool { heldBytes >= bytesMax }

  package mutating func hold(_ bytes: Int) { heldBytes += bytes }
  package mutating func release(_ bytes: Int) { heldBytes -= bytes }
}
