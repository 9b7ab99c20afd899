/// Which version each alias of each model serves now. A handle remembers its slot, not a version:
/// so it follows promotions without being told.
package struct ModelSlots: Sendable {
  /// One alias of one model.
  package struct Slot: Hashable, Sendable {
    package let model: String
    package let alias: String
    /// Index of the lane it points to; nil after the alias was removed.
    package fileprivate(set) var lane: Int?
  }

  /// Never shrinks: an index stays valid for every handle that holds it.
  package private(set) var slots: [Slot] = []

  package init() {}

  /// Index of the slot of this alias, whether it points anywhere or not.
  package func index(model: String, alias: String) -> Int? {
    slots.firstIndex { $0.model == model && $0.alias == alias }
  }

  /// Points the alias to a lane, or nowhere. Returns false when there is no room for another alias.
  package mutating func point(model: String, alias: String, to lane: Int?) -> Bool {
    if let index = index(model: model, alias: alias) {
      slots[index].lane = lane
      return true
    }
    guard let lane else { return true }
    guard slots.count < ServingLimits.slotsMax else { return false }
    slots.append(Slot(model: model, alias: alias, lane: lane))
    return true
  }

  /// Whether any alias points to this lane.
  package func refers(to lane: Int) -> Bool { slots.contains { $0.lane == lane } }
}

/// What a handle was bound to.
package enum Target: Hashable, Sendable {
  /// Whatever the alias in this slot points to.
  case alias(slot: Int)
  /// The version in this lane, as long as it is live. The serial tells a later lane at the same
  /// index apart.
  case exact(lane: Int, serial: UInt64)
}

/// The answer to BIND.
package struct BoundTarget: Hashable, Sendable {
  /// What later frames are submitted to.
  package let target: Target
  /// Index of the lane that it means now.
  package let lane: Int

  package init(target: Target, lane: Int) {
    self.target = target
    self.lane = lane
  }
}
