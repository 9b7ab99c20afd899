package import DequeModule
package import TesseraWire

/// The queue of one live version. Batches never mix versions, so each version waits in its own lane.
package struct Lane: Sendable {
  /// Whether new frames may enter.
  package enum State: Hashable, Sendable {
    /// Some alias points here, or is about to.
    case live
    /// No alias points here any more; what was accepted is still computed.
    case retiring
  }

  /// Model name, for metrics.
  package let model: String
  /// The version, for metrics.
  package let version: UInt32
  /// Rows that one batch may hold.
  package let batchRowsMax: RowCounts
  package internal(set) var state = State.live
  package internal(set) var cost: CostModel
  /// Batches taken and not finished.
  package internal(set) var runningBatches = 0
  /// What became of its tickets since the last look.
  package internal(set) var outcomes = Outcomes()
  /// Capacity is reserved once and never exceeded: no allocation when tickets come and go.
  package internal(set) var queue: Deque<Ticket>
  /// Whether a slice of a long frame is queued. Never two: a short frame waits for one, however many there are.
  private(set) var hasSlice = false
  /// Slices of long frames whose turn has not come. Only while one is queued: when it is taken, the first of them
  /// enters the queue.
  private(set) var rest: Deque<Ticket> = []

  package init(model: String, version: UInt32, batchRowsMax: RowCounts, cost: CostModel) {
    self.model = model
    self.version = version
    self.batchRowsMax = batchRowsMax
    self.cost = cost
    queue = Deque(minimumCapacity: ServingLimits.laneTicketsMax)
  }

  /// Whether this ticket must wait until other slices have had their turn.
  func waits(_ ticket: Ticket) -> Bool { ticket.isSlice && hasSlice }

  /// Puts a ticket at the end of the queue.
  mutating func enqueue(_ ticket: Ticket) {
    queue.append(ticket)
    hasSlice = hasSlice || ticket.isSlice
  }

  /// Puts a slice behind the others whose turn has not come.
  mutating func postpone(_ slice: Ticket) { rest.append(slice) }

  /// The slice whose turn has come: none is queued any more.
  mutating func nextSlice() -> Ticket? { hasSlice ? nil : rest.popFirst() }

  /// Takes the ticket at the head of the queue.
  mutating func dequeue() -> Ticket {
    let ticket = queue.removeFirst()
    if ticket.isSlice { hasSlice = false }
    return ticket
  }

  /// Whether no ticket more may wait here.
  package var isFull: Bool { queue.count >= ServingLimits.laneTicketsMax }

  /// Whether nothing refers to the version any more, so that its memory can be freed.
  package var isDrained: Bool {
    state == .retiring && queue.isEmpty && rest.isEmpty && runningBatches == 0
  }
}
