package import DequeModule
package import TesseraWire

/// The queue of one live version. Batches never mix versions, so each version waits in its own lane.
package struct Lane: Sendable {
  /// Whether new frames may enter.
  package enum State: Hashable, Sendable {
    /// Some alias points here.
    case live
    /// No alias points here any more; what was accepted is still computed.
    case retiring
  }

  /// Model name, for exact binds.
  package let model: String
  /// The version, for exact binds and replies.
  package let version: UInt32
  /// Hash of the version's signature; frames encoded for another are refused.
  package let signatureHash: UInt64
  /// Rows that one batch may hold.
  package let batchRowsMax: RowCounts
  /// Distinguishes this lane from an earlier one at the same index.
  package let serial: UInt64
  package internal(set) var state = State.live
  package internal(set) var cost: CostModel
  /// Batches taken and not finished.
  package internal(set) var runningBatches = 0
  /// Capacity is reserved once and never exceeded: no allocation when tickets come and go.
  package internal(set) var queue: Deque<Ticket>

  package init(
    model: String, version: UInt32, signatureHash: UInt64, batchRowsMax: RowCounts, serial: UInt64,
    cost: CostModel
  ) {
    self.model = model
    self.version = version
    self.signatureHash = signatureHash
    self.batchRowsMax = batchRowsMax
    self.serial = serial
    self.cost = cost
    queue = Deque(minimumCapacity: ServingLimits.laneTicketsMax)
  }

  /// Whether nothing refers to the version any more, so that its memory can be freed.
  package var isDrained: Bool { state == .retiring && queue.isEmpty && runningBatches == 0 }
}
