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

  /// An alias that does not serve what its record says.
  private struct Refused {
    /// What was to be served; `nil` when the record itself cannot be read.
    var key: Key?
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
  /// The lane of each version that is loaded, retiring ones included.
  private var lanes: [Key: Int] = [:]
  /// Where each alias points in this server.
  private var aliases: [Alias: Key] = [:]
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
      guard failure != error.description else { return }
      failure = error.description
      logger.error("the registry cannot be read; serving goes on", metadata: ["error": "\(error)"])
    }
  }

  /// Names of what is served, for the log: `coupon@production → 3`.
  var summary: [String] {
    aliases.map { "\($0.key) → \($0.value.version)" }.sorted()
  }

  // MARK: Listing

  /// Tells LIST what is served, and what is not and why; `loading` is being read right now.
  private func publish(loading: Alias? = nil, _ key: Key? = nil) {
    let names = Set(aliases.keys).union(refused.keys).union(loading.map { [$0] } ?? [])
    let entries = names.sorted { "\($0)" < "\($1)" }.map { alias in
      let served = aliases[alias]?.version ?? 0
      var entry = ListedBody.Entry(
        state: .ready, version: served, wantedVersion: served, name: alias.model,
        alias: alias.name)
      if let refusal = refused[alias] {
        entry.state = .refused
        entry.wantedVersion = refusal.key?.version ?? 0
        entry.reason = refusal.reason
      }
      if alias == loading, let key {
        entry.state = .loading
        entry.wantedVersion = key.version
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
      case .present(let record): follow(alias, record.target, now: now)
      case .removed: remove(alias)
      case .damaged(let reason):
        refuse(alias, nil, LoadError(step: "alias", message: reason), now: now)
      }
    }
    // A removal leaves a note, so an alias that is gone without one was damaged away, or the folder was
    // replaced by one that never had it.
    let named = Set(entries.map { Alias(model: $0.model, name: $0.alias) })
    for (alias, key) in aliases where !named.contains(alias) && missing.insert(alias).inserted {
      logger.error("\(alias) is missing in the registry; version \(key.version) keeps serving")
    }
    refused = refused.filter { named.contains($0.key) }
  }

  private func follow(_ alias: Alias, _ target: AliasTarget, now: Int64) {
    guard let share = target.single else {
      let error = LoadError(
        step: "route", message: "splits and shadows are not served by this release: \(target)")
      return refuse(alias, nil, error, now: now)
    }
    let key = Key(model: alias.model, version: share.version, manifest: share.manifest)
    guard aliases[alias] != key else {
      refused[alias] = nil
      return
    }
    if let earlier = refused[alias], earlier.key == key, now < earlier.backoff.notBefore { return }
    do throws(LoadError) {
      publish(loading: alias, key)
      let lane = try lane(for: key, now: now)
      guard scheduler.point(model: alias.model, alias: alias.name, to: lane) else {
        throw LoadError(
          step: "open", message: "more than \(ServingLimits.aliasesMax) aliases; remove some")
      }
      aliases[alias] = key
      refused[alias] = nil
      logger.info("serving \(alias) version \(key.version)")
    } catch {
      refuse(alias, key, error, now: now)
    }
  }

  private func remove(_ alias: Alias) {
    refused[alias] = nil
    guard let key = aliases.removeValue(forKey: alias) else { return }
    // Pointing nowhere needs no slot, so it cannot fail.
    _ = scheduler.point(model: alias.model, alias: alias.name, to: nil)
    logger.info("\(alias) was removed; version \(key.version) is no longer served under it")
  }

  /// Remembers that an alias does not serve what it should, and says so unless it was said before.
  private func refuse(_ alias: Alias, _ key: Key?, _ error: LoadError, now: Int64) {
    let reason = error.description
    let earlier = refused[alias]
    var entry =
      earlier?.key == key ? earlier ?? Refused(key: key, reason: "") : Refused(key: key, reason: "")
    entry.backoff.fail(now: now)
    if entry.reason != reason {
      entry.reason = reason
      let wish = key.map { "\(alias) version \($0.version)" } ?? "\(alias)"
      logger.error(
        "refused \(wish); \(held(alias)); it is tried again", metadata: ["error": "\(reason)"])
    }
    refused[alias] = entry
  }

  private func held(_ alias: Alias) -> String {
    aliases[alias].map { "version \($0.version) keeps serving" } ?? "nothing is served under it"
  }

  // MARK: Versions

  /// The lane of a version, loaded if need be.
  private func lane(for key: Key, now: Int64) throws(LoadError) -> Int {
    if let lane = lanes[key] { return lane }
    let began = MonotonicClock.now()
    let (version, cost) = try load(key, now: now)
    let lane = Lane(
      model: key.model, version: key.version, batchRowsMax: version.batchRowsMax, cost: cost)
    guard let index = scheduler.open(lane, version) else {
      throw LoadError(
        step: "open", message: "more than \(ServingLimits.lanesMax) live versions; remove aliases")
    }
    lanes[key] = index
    logger.debug(
      "loaded \(key.model) version \(key.version)",
      metadata: [
        "milliseconds": "\((MonotonicClock.now() - began) / 1_000_000)",
        "cost": "\(cost)",
        "plan": "\(version.plan.summary)",
      ])
    return index
  }

  /// Reads, plans and warms up: everything before the swap.
  private func load(
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
      for (key, lane) in lanes where lane == closed.lane { lanes[key] = nil }
      logger.debug("version \(version.version) of \(version.model) has drained and is freed")
    }
  }
}
