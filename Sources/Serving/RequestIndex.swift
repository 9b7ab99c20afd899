/// Where the server keeps a request: a place in the pool of its event loop. Means nothing to decisions.
///
/// Plain numbers, so that tickets hold no reference; the generation tells a request from an earlier one
/// at the same place.
package struct RequestIndex: Hashable, Sendable {
  /// Among the event loops.
  package let loop: UInt16
  /// In the loop's pool.
  package let place: UInt16
  /// How often the place was used before.
  package let generation: UInt32

  package init(loop: UInt16, place: UInt16, generation: UInt32) {
    self.loop = loop
    self.place = place
    self.generation = generation
  }
}
