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

  /// Where a name leads: who answers, and how what is asked is encoded.
  package struct Target: Sendable {
    package let route: Route
    /// The union of those of all its versions.
    package let signature: Signature
    package let signatureHash: UInt64

    /// Everyone to one version.
    package init(lane: Int, _ version: Version) {
      self.init(
        route: Route(lane: lane), signature: version.signature,
        signatureHash: version.signatureHash)
    }

    /// - Parameter signature: of which each of the route's versions reads its own columns.
    package init(route: Route, signature: Signature, signatureHash: UInt64) {
      self.route = route
      self.signature = signature
      self.signatureHash = signatureHash
    }

    fileprivate var lanes: [Int] { route.shares.map(\.lane) }
  }

  /// The answer to BIND.
  package struct Binding: Sendable {
    /// What later frames are submitted to.
    package let slot: Int
    /// The version that answers now; of several the first.
    package let version: UInt32
    /// What frames are encoded with.
    package let signature: Signature
    package let signatureHash: UInt64
  }

  /// Every name that was ever served, with its slot. An exact version has one too, which means something
  /// as long as an alias points to the version: so a handle is good again when the version comes back.
  private var slots: [BindBody: Int] = [:]
  /// Where every name that is served now leads.
  private var targets: [BindBody: Target] = [:]
  /// The open lanes.
  private var versions: [Int: Version] = [:]

  package init() {}

  /// Finds what a bind names. Cost: three look-ups.
  package func bind(_ name: BindBody) -> Result<Binding, Refusal> {
    guard let slot = slots[name], let target = targets[name],
      let version = versions[target.route.shares[0].lane]
    else {
      switch name.target {
      case .alias: return .failure(.unknownAlias)
      case .version: return .failure(.unknownVersion)
      }
    }
    return .success(
      Binding(
        slot: slot, version: version.version, signature: target.signature,
        signatureHash: target.signatureHash))
  }

  /// Notes a lane that was opened. It is served from the first alias on that points to it.
  package mutating func open(_ version: Version, lane: Int) { versions[lane] = version }

  /// Forgets a lane that was closed.
  package mutating func close(lane: Int) { versions[lane] = nil }

  /// Points an alias to open lanes, or nowhere. Returns what that changes, or nil when there is no
  /// room for another alias.
  ///
  /// - Complexity: O(aliases).
  package mutating func point(model: String, alias: String, to target: Target?) -> Routes.Change? {
    let name = BindBody(.model, model, target: .alias(alias))
    let before = targets[name]
    if target != nil {
      guard before != nil || aliasTargets.count < ServingLimits.aliasesMax else { return nil }
      guard slots[name] != nil || slots.count < ServingLimits.slotsMax else { return nil }
    }
    var change = Routes.Change()
    mean(target, by: name, in: &change)
    change.servedLanes = servedLanes
    for lane in Set((before?.lanes ?? []) + (target?.lanes ?? [])) {
      guard let version = versions[lane] else { continue }
      let exact = BindBody(.model, version.model, target: .version(version.version))
      mean(
        servedLane(of: version).map { Target(lane: $0, version) }, by: exact, in: &change)
    }
    return change
  }

  /// Bit l: some alias leads to lane l.
  package var servedLanes: UInt64 {
    aliasTargets.reduce(0) { served, target in
      target.lanes.reduce(served) { $0 | 1 << UInt64($1) }
    }
  }

  /// Notes what a name means now. One that is new when all slots are taken stays unknown.
  private mutating func mean(_ target: Target?, by name: BindBody, in change: inout Routes.Change) {
    let slot = slots[name] ?? slots.count
    guard slot < ServingLimits.slotsMax, slots[name] != nil || target != nil else { return }
    slots[name] = slot
    targets[name] = target
    // `.some`: a slot that means nothing from now on, not one that stays as it is.
    change.slots[slot] = .some(
      target.map { Routes.Slot(route: $0.route, signatureHash: $0.signatureHash) })
  }

  private var aliasTargets: [Target] {
    targets.compactMap { name, target in
      switch name.target {
      case .alias: target
      case .version: nil
      }
    }
  }

  /// A lane that some alias leads to and that holds this version.
  private func servedLane(of version: Version) -> Int? {
    for target in aliasTargets {
      for lane in target.lanes
      where versions[lane]?.model == version.model && versions[lane]?.version == version.version {
        return lane
      }
    }
    return nil
  }
}
