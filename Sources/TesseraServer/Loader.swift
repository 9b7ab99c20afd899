import Inference
import Kernels
import Logging
import ModelGraph
import ModelRegistry
import Serving

/// Makes what the registry says what the server serves. Confined to its thread: nothing here is hot,
/// and everything slow (reading, planning, warming up, freeing) happens here.
///
/// A version goes live only after every step has worked for it. One that fails is refused with the
/// reason in the log, and its alias stays where it was.
final class Loader {
  private struct Key: Hashable {
    var model: String
    var version: UInt32
    var manifest: Digest
  }

  private struct Alias: Hashable {
    var model: String
    var name: String
  }

  private let registry: Registry
  private let scheduler: Scheduler
  private let workers: Int
  private let kernels: KernelTable
  private let logger: Logger
  private var generation: UInt64?
  /// The lane of each version that is loaded, retiring ones included.
  private var lanes: [Key: Int] = [:]
  /// Where each alias points in this server.
  private var aliases: [Alias: Key] = [:]
  /// Versions whose lanes are closed. Freed one look later: a worker that just finished may still
  /// hold a reference, and must not be the one that frees hundreds of megabytes.
  private var retired: [LiveVersion] = []

  /// Why the last look failed, or nil.
  private var failure: String?

  init(
    registry: Registry, scheduler: Scheduler, workers: Int, kernels: KernelTable, logger: Logger
  ) {
    self.kernels = kernels
    self.registry = registry
    self.scheduler = scheduler
    self.workers = workers
    self.logger = logger
  }

  /// Looks at the registry once; does nothing when nothing has changed.
  func look() {
    reap()
    do throws(RegistryError) {
      guard try registry.generation() != generation else {
        failure = nil
        return
      }
      // The generation that was read, which may be older than the one just named.
      let (read, records) = try registry.aliasesNow()
      generation = read
      follow(records)
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
    aliases.map { "\($0.key.model)@\($0.key.name) → \($0.value.version)" }.sorted()
  }

  private func follow(_ records: [AliasRecord]) {
    for record in records {
      let alias = Alias(model: record.model, name: record.alias)
      let key = Key(model: record.model, version: record.version, manifest: record.manifest)
      guard aliases[alias] != key else { continue }
      do throws(LoadError) {
        let lane = try lane(for: key)
        guard scheduler.point(model: alias.model, alias: alias.name, to: lane) else {
          throw LoadError(
            step: "open", message: "more than \(ServingLimits.aliasesMax) aliases; remove some")
        }
        aliases[alias] = key
        logger.info("serving \(alias.model)@\(alias.name) version \(key.version)")
      } catch {
        logger.error(
          "refused \(alias.model)@\(alias.name) version \(key.version); \(held(alias))",
          metadata: ["error": "\(error)"])
      }
    }
    // No change of a registry removes an alias, so one that is gone was damaged away.
    let named = Set(records.map { Alias(model: $0.model, name: $0.alias) })
    for (alias, key) in aliases where !named.contains(alias) {
      logger.error(
        "\(alias.model)@\(alias.name) is missing in the registry; version \(key.version) keeps serving"
      )
    }
  }

  private func held(_ alias: Alias) -> String {
    aliases[alias].map { "version \($0.version) keeps serving" } ?? "nothing is served under it"
  }

  /// The lane of a version, loaded if need be.
  private func lane(for key: Key) throws(LoadError) -> Int {
    if let lane = lanes[key] { return lane }
    let began = MonotonicClock.now()
    let stored: StoredModel
    do throws(RegistryError) {
      stored = try registry.load(model: key.model, version: key.version)
    } catch {
      throw LoadError(step: "read", message: error.description)
    }
    let plan: Plan
    do throws(PlanError) {
      plan = try Plan(
        graph: stored.graph, tensors: stored.tensors,
        limits: BatchLimits(of: stored.graph.signature), kernels: kernels)
    } catch {
      throw LoadError(step: "plan", message: "\(error)")
    }
    let version = LiveVersion(
      model: key.model, version: key.version, plan: plan, workers: workers)
    let cost = try WarmUp.run(stored.warmup, on: version)
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
        "plan": "\(plan.summary)",
      ])
    return index
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
