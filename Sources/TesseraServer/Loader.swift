import Inference
import Kernels
import Logging
import ModelGraph
import ModelRegistry
import Serving
import TesseraWire

/// Makes what the registry says what the server serves. Confined to its thread: nothing here is hot,
/// and everything slow (reading, planning, warming up, freeing) happens here.
///
/// A version goes live only after every step has worked for it. One that fails is refused with the
/// reason in the log, its alias stays where it was, and it is tried again after a while.
final class Loader {
  private struct Key: Hashable {
    var model: String
    var version: UInt32
    var manifest: Digest
  }

  private struct Alias: Hashable, CustomStringConvertible {
    var model: String
    var name: String
    var description: String { "\(model)@\(name)" }
  }

  /// A version that is loaded.
  private struct Loaded {
    var lane: Int
    var version: LiveVersion
  }

  /// An alias that does not serve what its record says.
  private struct Refused {
    /// What was to be served; `nil` when the record itself cannot be read.
    var target: AliasTarget?
    /// Why it is not, as it was said in the log.
    var reason: String
    var backoff = Backoff(
      firstMilliseconds: ServerLimits.loadRetryMillisecondsMin,
      maxMilliseconds: ServerLimits.loadRetryMillisecondsMax)
  }

  private let feed: RegistryFeed
  private let scheduler: Scheduler
  private let workers: Int
  private let kernels: KernelTable
  private let logger: Logger
  private var generation: Registry.Generation?
  /// Every version that is loaded, retiring ones included.
  private var loaded: [Key: Loaded] = [:]
  /// Where an alias points, and the hash of the signature that its frames are encoded with.
  private struct Served {
    var target: AliasTarget
    var signatureHash: UInt64
  }

  /// Where each alias points in this server.
  private var aliases: [Alias: Served] = [:]
  private var refused: [Alias: Refused] = [:]
  /// Aliases that are served and have no record, as was said in the log.
  private var missing: Set<Alias> = []
  /// Versions whose lanes are closed. Freed one look later: a worker that just finished may still
  /// hold a reference, and must not be the one that frees hundreds of megabytes.
  private var retired: [LiveVersion] = []
  /// Why the last look failed, or nil.
  private var failure: String?

  init(
    feed: RegistryFeed, scheduler: Scheduler, workers: Int, kernels: KernelTable, logger: Logger
  ) {
    precondition(
      RegistryLimits.liveVersionsMax + ServerLimits.swapLanesMin <= ServingLimits.lanesMax
        && RegistryLimits.aliasesMax <= ServingLimits.aliasesMax,
      "what may be promoted could not be followed")
    self.kernels = kernels
    self.feed = feed
    self.scheduler = scheduler
    self.workers = workers
    self.logger = logger
  }

  /// Looks at the registry once; does nothing when nothing has changed and nothing is to be tried again.
  func look(now: Int64) {
    reap()
    do throws(ReaderFailure) {
      let isNew = try feed.generation(now: now) != generation
      if isNew || refused.values.contains(where: { $0.backoff.notBefore <= now }) {
        let read = try feed.aliases(now: now)
        if read.generation != generation {
          // Whatever has changed may be what was in the way.
          for alias in refused.keys { refused[alias]?.backoff.hurry(now: now) }
        }
        follow(read.entries, now: now)
        // The generation that was read, which may be older than the one just named.
        generation = read.generation
        publish()
      }
      failure = nil
    } catch {
      // Looks are 20 ms apart: the same failure is said once.
      guard failure != error.description, !feed.isStopped else { return }
      failure = error.description
      logger.error("the registry cannot be read; serving goes on", metadata: ["error": "\(error)"])
    }
  }

  /// Names of what is served, for the log: `coupon@production → 3`.
  var summary: [String] {
    aliases.map { "\($0.key) → \($0.value.target)" }.sorted()
  }

  // MARK: Listing

  /// Tells LIST what is served, and what is not and why; `loading` is being read right now. Of several versions
  /// the first is told.
  private func publish(loading: Alias? = nil, _ target: AliasTarget? = nil) {
    let names = Set(aliases.keys).union(refused.keys).union(loading.map { [$0] } ?? [])
    let entries = names.sorted { "\($0)" < "\($1)" }.map { alias in
      let served = aliases[alias]?.target.shares[0].version ?? 0
      var entry = ListedBody.Entry(
        state: .ready, version: served, wantedVersion: served, name: alias.model,
        alias: alias.name)
      if let refusal = refused[alias] {
        entry.state = .refused
        entry.wantedVersion = refusal.target?.shares[0].version ?? 0
        entry.reason = refusal.reason
      }
      if alias == loading, let target {
        entry.state = .loading
        entry.wantedVersion = target.shares[0].version
        entry.reason = ""
      }
      return entry
    }
    scheduler.publish(entries)
  }

  // MARK: Following

  private func follow(_ entries: [ReaderAliases.Entry], now: Int64) {
    for entry in entries {
      let alias = Alias(model: entry.model, name: entry.alias)
      missing.remove(alias)
      switch entry.state {
      case .present(let target): follow(alias, target, now: now)
      case .removed: remove(alias)
      case .damaged(let reason):
        refuse(alias, nil, LoadError(step: "alias", message: reason), now: now)
      }
    }
    // A removal leaves a note, so an alias that is gone without one was damaged away, or the folder was
    // replaced by one that never had it.
    let named = Set(entries.map { Alias(model: $0.model, name: $0.alias) })
    for (alias, served) in aliases where !named.contains(alias) && missing.insert(alias).inserted {
      logger.error("\(alias) is missing in the registry; version \(served.target) keeps serving")
    }
    refused = refused.filter { named.contains($0.key) }
    if !refused.isEmpty { scheduler.retireUnserved() }
    let signatures = Set(aliases.values.map(\.signatureHash))
    for loaded in loaded.values { loaded.version.forgetColumns(but: signatures) }
  }

  private func follow(_ alias: Alias, _ target: AliasTarget, now: Int64) {
    guard aliases[alias]?.target != target else {
      refused[alias] = nil
      return
    }
    if let earlier = refused[alias], earlier.target == target, now < earlier.backoff.notBefore {
      return
    }
    do throws(LoadError) {
      publish(loading: alias, target)
      let route = try route(of: alias, to: target, now: now)
      guard scheduler.point(model: alias.model, alias: alias.name, to: route) else {
        throw LoadError(
          step: "open", message: "more than \(ServingLimits.aliasesMax) aliases; remove some")
      }
      aliases[alias] = Served(target: target, signatureHash: route.signatureHash)
      refused[alias] = nil
      logger.info("serving \(alias) version \(target)")
    } catch {
      refuse(alias, target, error, now: now)
    }
  }

  private func remove(_ alias: Alias) {
    refused[alias] = nil
    guard let target = aliases.removeValue(forKey: alias)?.target else { return }
    // Pointing nowhere needs no slot, so it cannot fail.
    _ = scheduler.point(model: alias.model, alias: alias.name, to: nil)
    logger.info("\(alias) was removed; version \(target) is no longer served under it")
  }

  /// Remembers that an alias does not serve what it should, and says so unless it was said before.
  private func refuse(_ alias: Alias, _ target: AliasTarget?, _ error: LoadError, now: Int64) {
    let reason = error.description
    var entry = Refused(target: target, reason: "")
    if let earlier = refused[alias], earlier.target == target { entry = earlier }
    entry.backoff.fail(now: now)
    if entry.reason != reason {
      entry.reason = reason
      let wish = target.map { "\(alias) version \($0)" } ?? "\(alias)"
      logger.error(
        "refused \(wish); \(held(alias)); it is tried again", metadata: ["error": "\(reason)"])
    }
    refused[alias] = entry
  }

  private func held(_ alias: Alias) -> String {
    aliases[alias].map { "version \($0.target) keeps serving" } ?? "nothing is served under it"
  }

  // MARK: Versions

  /// The way of an alias's users to the versions of its target, all of them loaded if need be.
  private func route(
    of alias: Alias, to target: AliasTarget, now: Int64
  ) throws(LoadError) -> RoutingTable.Target {
    guard target.shadows.isEmpty, target.other.isEmpty else {
      throw LoadError(
        step: "route", message: "this release serves shares and nothing else: \(target)")
    }
    var versions: [Loaded] = []
    for share in target.shares {
      versions.append(
        try load(
          Key(model: alias.model, version: share.version, manifest: share.manifest), now: now))
    }
    let union: SignatureUnion
    do throws(SignatureUnion.Conflict) {
      union = try SignatureUnion(of: versions.map(\.version.signature))
    } catch {
      let names = error.versions.map { "\(target.shares[$0].version)" }.joined(separator: ", ")
      throw LoadError(
        step: "route", message: "versions \(names) cannot share an alias: \(error.description)")
    }
    let hash = union.signature.hash
    for (loaded, columns) in zip(versions, union.columns) {
      loaded.version.reads(
        ColumnMap(columns, of: union.signature.columns.count), signatureHash: hash)
    }
    let shares = zip(versions, target.shares).map {
      Route.Share(lane: $0.lane, weight: $1.weight)
    }
    // Of the alias alone, so that a user who has gone to one share still does after a restart. Integers have
    // no padding that `bytes` could expose.
    let salt = unsafe FNV1a64.hash(Array(alias.description.utf8).span.bytes)
    return RoutingTable.Target(
      route: Route(shares: shares, salt: salt), signature: union.signature, signatureHash: hash)
  }

  /// A version in its lane, loaded if need be.
  private func load(_ key: Key, now: Int64) throws(LoadError) -> Loaded {
    if let loaded = loaded[key] { return loaded }
    let began = MonotonicClock.now()
    let (version, cost) = try read(key, now: now)
    let lane = Lane(
      model: key.model, version: key.version, batchRowsMax: version.batchRowsMax, cost: cost)
    guard let index = scheduler.open(lane, version) else {
      throw LoadError(
        step: "open",
        message: "\(ServingLimits.lanesMax) versions are held, those on their way out included")
    }
    loaded[key] = Loaded(lane: index, version: version)
    logger.debug(
      "loaded \(key.model) version \(key.version)",
      metadata: [
        "milliseconds": "\((MonotonicClock.now() - began) / 1_000_000)",
        "cost": "\(cost)",
        "plan": "\(version.plan.summary)",
      ])
    return Loaded(lane: index, version: version)
  }

  /// Reads, plans and warms up: everything before the swap.
  private func read(
    _ key: Key, now: Int64
  ) throws(LoadError) -> (version: LiveVersion, cost: CostModel) {
    let stored: StoredModel
    do throws(ReaderFailure) {
      stored = try feed.load(
        model: key.model, version: key.version, pinned: key.manifest, now: now)
    } catch {
      throw LoadError(step: "read", message: error.description)
    }
    let plan: Plan
    do throws(PlanError) {
      plan = try Plan(
        graph: stored.graph, tensors: stored.tensors,
        limits: RowCounts(of: stored.graph.signature), kernels: kernels)
    } catch {
      throw LoadError(step: "plan", message: "\(error)")
    }
    let version = LiveVersion(
      model: key.model, version: key.version, plan: plan, workers: workers)
    return (version, try WarmUp.run(stored.warmup, on: version))
  }

  private func reap() {
    retired.removeAll()
    for closed in scheduler.closeDrainedLanes() {
      guard let version = closed.version else { continue }
      retired.append(version)
      loaded = loaded.filter { $0.value.lane != closed.lane }
      logger.debug("version \(version.version) of \(version.model) has drained and is freed")
    }
  }
}
