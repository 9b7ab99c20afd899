import Inference
import Serving
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
