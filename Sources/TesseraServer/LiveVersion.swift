import Inference
import Serving
import Synchronization
import TesseraWire

/// A version that is ready to compute: its plan, and a workspace for each worker.
///
/// Unchecked, because workspaces are confined: worker w uses only `workspaces[w]`, after the loader,
/// which made them, has published the version through the scheduler's lock.
final class LiveVersion: @unchecked Sendable {
  let model: String
  let version: UInt32
  let plan: Plan
  let signature: Signature
  let signatureHash: UInt64
  /// Rows that one batch may hold.
  let batchRowsMax: RowCounts
  let workspaces: [Workspace]
  /// Where its columns lie in frames of targets with several versions, by the hash of their signature; those
  /// that are not used any more first. Locked to look one up, which only frames of such targets need.
  private let columnMaps = Mutex<[(signatureHash: UInt64, columns: ColumnMap)]>([])

  /// Cost: all scratch memory of the version is allocated here.
  init(model: String, version: UInt32, plan: Plan, workers: Int) {
    self.model = model
    self.version = version
    self.plan = plan
    signature = plan.signature
    signatureHash = plan.signature.hash
    batchRowsMax = plan.limits
    workspaces = (0..<workers).map { _ in plan.makeWorkspace() }
  }

  /// Notes where its columns lie in a signature that joins several versions'. Before frames come that are
  /// encoded with it.
  func reads(_ columns: ColumnMap, signatureHash: UInt64) {
    guard signatureHash != self.signatureHash else { return }
    columnMaps.withLock { maps in
      maps.removeAll { $0.signatureHash == signatureHash }
      maps.append((signatureHash, columns))
    }
  }

  /// Forgets where its columns lie in signatures that no target has any more, but for the latest: frames that
  /// were encoded with them may still wait.
  ///
  /// - Parameter live: hashes of the signatures of all targets.
  func forgetColumns(but live: Set<UInt64>) {
    columnMaps.withLock { maps in
      let unused = maps.filter { !live.contains($0.signatureHash) }
      maps =
        unused.suffix(ServerLimits.unusedColumnMapsMax)
        + maps.filter { live.contains($0.signatureHash) }
    }
  }

  /// How it reads frames that were decoded with the signature of this hash; nil when they are of a target
  /// that has gone long ago.
  func columns(signatureHash: UInt64) -> ColumnMap? {
    if signatureHash == self.signatureHash { return .identity }
    return columnMaps.withLock { $0.last { $0.signatureHash == signatureHash }?.columns }
  }
}

extension RowCounts {
  /// What a batch of the version holds: the largest frame that its signature allows. Workspaces are
  /// sized from it, so a model of short histories has small ones.
  init(of signature: Signature) {
    self.init(
      users: Limits.usersMax,
      events: min(Limits.rowsMax, max(1, signature.eventsMax * Limits.usersMax)),
      coupons: min(Limits.rowsMax, max(1, signature.couponsMax * Limits.usersMax)),
      bagValues: Limits.bagValuesMax)
  }
}
