/// Who is meant: slots, each with the route that frames take which were submitted to it. A handle
/// remembers a slot and no version, so it follows promotions without being told.
///
/// Numbers only: names are looked up in a ``RoutingTable``, away from the lock that workers need.
package struct Routes: Sendable {
  /// What one slot means now.
  package struct Slot: Hashable, Sendable {
    /// Where its frames go.
    package let route: Route
    /// Hash of the signature that they must be encoded with.
    package let signatureHash: UInt64

    package init(route: Route, signatureHash: UInt64) {
      self.route = route
      self.signatureHash = signatureHash
    }
  }

  /// What a promotion changes.
  package struct Change: Hashable, Sendable {
    /// The slots that mean something else now; nil: nothing.
    package var slots: [Int: Slot?] = [:]
    /// Bit l: lane l is served under some alias.
    package var servedLanes: UInt64 = 0

    /// Changes no slot.
    package init(servedLanes: UInt64 = 0) { self.servedLanes = servedLanes }
  }

  /// Never shrinks: an index stays valid for every handle that holds it.
  private var slots: [Slot?] = []

  package init() {}

  /// What a slot means now; nil while nothing is served under it.
  package subscript(slot: Int) -> Slot? { slots.indices.contains(slot) ? slots[slot] : nil }

  /// From here on every frame goes the new way.
  package mutating func apply(_ change: Change) {
    for (index, slot) in change.slots {
      while slots.count <= index { slots.append(nil) }
      slots[index] = slot
    }
  }
}
