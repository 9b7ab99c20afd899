package import TesseraWire

/// What BIND can name, and the slot that each name means.
///
/// The loader changes its own copy and publishes it; event loops look names up in what was published
/// last. So no name is compared while a worker waits.
package struct RoutingTable: Sendable {
  /// What clients see of a version.
  package struct Version: Sendable {
    package let model: String
    package let version: UInt32
    package let signature: Signature
    package let signatureHash: UInt64

    package init(model: String, version: UInt32, signature: Signature, signatureHash: UInt64) {
      self.model = model
      self.version = version
      self.signature = signature
      self.signatureHash = signatureHash
    }
  }

  /// The answer to BIND.
  package struct Binding: Sendable {
    /// What later frames are submitted to.
    package let slot: Int
    /// What it means now.
    package let version: Version
  }

  /// Every name that was ever served, with its slot. An exact version has one too, which means something
  /// as long as an alias points to the version: so a handle is good again when the version comes back.
  private var slots: [BindBody: Int] = [:]
  /// The lane of every name that is served now.
  private var lanes: [BindBody: Int] = [:]
  /// The open lanes.
  private var versions: [Int: Version] = [:]

  package init() {}

  /// Finds what a bind names. Cost: two look-ups.
  package func bind(_ name: BindBody) -> Result<Binding, Refusal> {
    guard let slot = slots[name], let lane = lanes[name], let version = versions[lane] else {
      switch name.target {
      case .alias: return .failure(.unknownAlias)
      case .version: return .failure(.unknownVersion)
      }
    }
    return .success(Binding(slot: slot, version: version))
  }

  /// Notes a lane that was opened. It is served from the first alias on that points to it.
  package mutating func open(_ version: Version, lane: Int) { versions[lane] = version }

  /// Forgets a lane that was closed.
  package mutating func close(lane: Int) { versions[lane] = nil }

  /// Points an alias to an open lane, or nowhere. Returns what that changes, or nil when there is no
  /// room for another alias.
  ///
  /// - Complexity: O(aliases).
  package mutating func point(model: String, alias: String, to lane: Int?) -> Routes.Change? {
    let name = BindBody(.model, model, target: .alias(alias))
    let before = lanes[name]
    if lane != nil {
      guard before != nil || aliasLanes.count < ServingLimits.aliasesMax else { return nil }
      guard slots[name] != nil || slots.count < ServingLimits.slotsMax else { return nil }
    }
    var change = Routes.Change()
    mean(lane, by: name, in: &change)
    for lane in aliasLanes { change.servedLanes |= 1 << UInt64(lane) }
    for lane in Set([before, lane].compactMap { $0 }) {
      guard let version = versions[lane] else { continue }
      let exact = BindBody(
        .model, version.model, target: .version(version.version))
      mean(servedLane(of: version), by: exact, in: &change)
    }
    return change
  }

  /// Notes what a name means now. One that is new when all slots are taken stays unknown.
  private mutating func mean(_ lane: Int?, by name: BindBody, in change: inout Routes.Change) {
    let slot = slots[name] ?? slots.count
    guard slot < ServingLimits.slotsMax, slots[name] != nil || lane != nil else { return }
    slots[name] = slot
    lanes[name] = lane
    let version = lane.flatMap { versions[$0] }
    if let lane, let version {
      change.slots[slot] = Routes.Slot(
        route: Route(lane: lane), signatureHash: version.signatureHash)
    } else {
      change.slots[slot] = .some(nil)
    }
  }

  private var aliasLanes: [Int] {
    lanes.compactMap { name, lane in
      switch name.target {
      case .alias: lane
      case .version: nil
      }
    }
  }

  /// A lane that some alias points to and that holds this version.
  private func servedLane(of version: Version) -> Int? {
    aliasLanes.first {
      versions[$0]?.model == version.model && versions[$0]?.version == version.version
    }
  }
}
