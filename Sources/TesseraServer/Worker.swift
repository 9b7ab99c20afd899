import Inference
import NIOCore
import Serving
import TesseraWire

/// One computing thread: takes a batch, computes, hands the replies to the event loops; sleeps only
/// when nothing waits. Confined to its thread; all it needs is made once and used again.
final class Worker {
  private let index: Int
  private let loops: [LoopContext]
  private let scheduler: Scheduler
  private let tally: WorkerTally
  private var batch = Batch()
  /// The tickets of `batch` that are computed, in the order of their rows.
  private var computed: [(request: PendingRequest, users: UserMask)] = []
  /// What they bring.
  private var size = WorkSize()
  /// What became of the tickets of `batch`.
  private var outcomes = Outcomes()
  /// The replies that are being filled, at most one batch for each event loop.
  private var filling: [ReplyBatch?]
  /// All reply batches that were made, by event loop.
  private var kept: [[ReplyBatch]]

  init(index: Int, loops: [LoopContext], scheduler: Scheduler, tally: WorkerTally) {
    self.index = index
    self.loops = loops
    self.scheduler = scheduler
    self.tally = tally
    filling = Array(repeating: nil, count: loops.count)
    kept = Array(repeating: [], count: loops.count)
    computed.reserveCapacity(ServingLimits.batchTicketsMax)
  }

  /// Works until the scheduler is stopped.
  func run() {
    repeat {
      while let version = scheduler.take(worker: index, now: MonotonicClock.now(), into: &batch) {
        work(version)
      }
    } while scheduler.sleep(worker: index)
  }

  private func work(_ version: LiveVersion) {
    let workspace = version.workspaces[index]
    let began = MonotonicClock.now()
    outcomes = Outcomes()
    gather(for: version, into: workspace)
    if !computed.isEmpty { workspace.run() }
    let nanoseconds = MonotonicClock.now() - began
    reply(
      ComputedBatch(
        version: version, workspace: workspace, began: began, nanoseconds: nanoseconds,
        fullness: batch.fullness))
    for loop in filling.indices {
      filling[loop]?.hand()
      filling[loop] = nil
    }
    scheduler.finish(batch, computed: size, nanoseconds: nanoseconds, outcomes: outcomes)
    tally.add(batch, computed: computed.count, began: began, nanoseconds: nanoseconds)
    computed.removeAll(keepingCapacity: true)
  }

  /// Puts what is still wanted into the workspace and answers the rest.
  private func gather(for version: LiveVersion, into workspace: Workspace) {
    size = WorkSize()
    for ticket in batch.expired { refuse(ticket, .deadlineExceeded) }
    workspace.reset()
    for ticket in batch.tickets {
      let request = request(of: ticket)
      if request.presence.isGone || request.isCancelled {
        drop(ticket)
      } else if let columns = version.columns(signatureHash: request.signatureHash) {
        if append(ticket.users, of: request, columns, to: workspace) {
          computed.append((request, ticket.users))
          size = size + ticket.size
        } else {
          // The dispatcher has counted rows as the workspace does; only a frame that no batch holds
          // comes here.
          refuse(ticket, .tooManyRows)
        }
      } else {
        // Its alias has moved from split to split more often than is remembered while it waited.
        refuse(ticket, .rebindRequired)
      }
    }
  }

  /// Adds some users of a request to the batch; false when they do not fit.
  private func append(
    _ users: UserMask, of request: PendingRequest, _ columns: ColumnMap, to workspace: Workspace
  ) -> Bool {
    let body = request.body
    let rows = request.rows(of: users)
    for axis in Axis.allCases
    where workspace.rows[axis] + rows[axis] > workspace.plan.limits[axis] { return false }
    // Bag values are not counted by user: for a part of a frame the dispatcher has counted those of all.
    if users.count == request.layout.users,
      !workspace.fits(request.layout, columns: columns, body: body.readableBytesSpan)
    {
      return false
    }
    users.forEachRun {
      workspace.append(
        request.layout, users: $0, columns: columns, body: body.readableBytesSpan)
    }
    return true
  }

  private func request(of ticket: Ticket) -> PendingRequest {
    loops[Int(ticket.request.loop)].requests.request(ticket.request)
  }

  private func refuse(_ ticket: Ticket, _ refusal: Refusal) {
    if request(of: ticket).presence.isGone { return drop(ticket) }
    outcomes.refuse(refusal.code)
    let reply = ReplyBatch.Reply(
      request: request(of: ticket), users: ticket.users, outcome: .refused(refusal))
    replies(for: Int(ticket.request.loop)).replies.append(reply)
  }

  private func drop(_ ticket: Ticket) {
    outcomes.dropped += 1
    let reply = ReplyBatch.Reply(
      request: request(of: ticket), users: ticket.users, outcome: .dropped)
    replies(for: Int(ticket.request.loop)).replies.append(reply)
  }

  /// Encodes the replies straight into the buffers that the sockets will read.
  private func reply(_ batch: ComputedBatch) {
    var rows = RowCounts()
    for (request, users) in computed {
      let replies = replies(for: Int(request.loop))
      let offset = replies.bytes.writerIndex
      let scored = request.work.appendReply(
        to: request, users: users, rows: rows, of: batch, to: &replies.bytes)
      rows = rows + request.rows(of: users)
      let outcome: ReplyBatch.Outcome
      if scored.isEmpty {
        replies.bytes.moveWriterIndex(to: offset)
        outcome = .refused(.notFinite)
        outcomes.refuse(Refusal.notFinite.code)
      } else {
        outcome = .written(offset: offset, byteCount: replies.bytes.writerIndex - offset)
        outcomes.scored += 1
      }
      replies.replies.append(
        ReplyBatch.Reply(request: request, users: users, outcome: outcome))
    }
  }

  /// The reply batch that is being filled for an event loop.
  private func replies(for loop: Int) -> ReplyBatch {
    if let batch = filling[loop] { return batch }
    let batch = freeReplies(for: loop)
    filling[loop] = batch
    return batch
  }

  private func freeReplies(for loop: Int) -> ReplyBatch {
    for batch in kept[loop] where batch.begin() { return batch }
    let batch = ReplyBatch(loop: loops[loop])
    _ = batch.begin()
    if kept[loop].count < ServerLimits.keptReplyBatchesMax { kept[loop].append(batch) }
    return batch
  }
}
