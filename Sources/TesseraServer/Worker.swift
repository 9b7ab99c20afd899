import Inference
import NIOCore
import Serving
import TesseraWire

/// One computing thread: takes a batch, computes, hands the replies to the event loops; sleeps only
/// when nothing waits. Confined to its thread; all it needs is made once and used again.
final class Worker {
  private let index: Int
  private let scheduler: Scheduler
  private let tally: WorkerTally
  private var batch = Batch()
  /// The requests of `batch` that are computed, in the order of their rows.
  private var computed: [ScoreRequest] = []
  /// The replies that are being filled, at most one batch for each event loop.
  private var filling: [ReplyBatch?]
  /// All reply batches that were made, by event loop.
  private var kept: [[ReplyBatch]]

  init(index: Int, loops: Int, scheduler: Scheduler, tally: WorkerTally) {
    self.index = index
    self.scheduler = scheduler
    self.tally = tally
    filling = Array(repeating: nil, count: loops)
    kept = Array(repeating: [], count: loops)
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
    let rows = gather(into: workspace)
    if !computed.isEmpty { workspace.run() }
    let nanoseconds = MonotonicClock.now() - began
    reply(version, workspace, began: began, nanoseconds: nanoseconds)
    for loop in filling.indices {
      filling[loop]?.hand()
      filling[loop] = nil
    }
    scheduler.finish(batch, computedRows: rows, nanoseconds: nanoseconds)
    tally.add(batch, computed: computed.count, began: began, nanoseconds: nanoseconds)
    computed.removeAll(keepingCapacity: true)
  }

  /// Puts what is still wanted into the workspace and answers the rest. Returns the rows put in.
  private func gather(into workspace: Workspace) -> Int {
    for ticket in batch.expired {
      let request = ScoreRequest.of(ticket)
      answer(request, request.presence.isGone ? .dropped : .refused(.deadlineExceeded))
    }
    workspace.reset()
    var rows = 0
    for ticket in batch.tickets {
      let request = ScoreRequest.of(ticket)
      if request.presence.isGone {
        answer(request, .dropped)
      } else if !workspace.fits(request.layout) {
        // The dispatcher has counted rows as the workspace does; only a frame that no batch holds
        // comes here.
        answer(request, .refused(.tooManyRows))
      } else {
        workspace.append(request.layout, body: request.body.readableBytesSpan)
        computed.append(request)
        rows += ticket.rows.total
      }
    }
    return rows
  }

  /// Encodes the scores straight into the buffers that the sockets will read.
  private func reply(
    _ version: LiveVersion, _ workspace: Workspace, began: Int64, nanoseconds: Int64
  ) {
    let outputs = version.plan.signature.outputs.count
    let fullness = batch.fullness
    let compute = UInt32(clamping: nanoseconds / 1_000)
    var firstRow = 0
    for request in computed {
      let rows = firstRow..<firstRow + request.layout.couponRows
      firstRow = rows.upperBound
      let frame = ScoresFrame(
        version: version.version, users: request.layout.users, outputs: outputs, rows: rows.count)
      let queue = UInt32(clamping: max(0, began - request.arrival) / 1_000)
      let replies = replies(for: request.loop)
      let offset = replies.bytes.writerIndex
      // The buffer is grown to hold the frame; the closure reports exactly its bytes as written.
      unsafe replies.bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: frame.byteCount) {
        let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: $0[..<frame.byteCount])
        for output in 0..<outputs {
          unsafe workspace.copyScores(
            output: output, rows: rows,
            into: UnsafeMutableRawBufferPointer(rebasing: memory[frame.valuesRange(output: output)])
          )
        }
        unsafe frame.finish(
          memory, requestID: request.requestID, load: fullness, queueMicroseconds: queue,
          computeMicroseconds: compute)
        return frame.byteCount
      }
      replies.replies.append((request, .scores(offset: offset, byteCount: frame.byteCount)))
    }
  }

  private func answer(_ request: ScoreRequest, _ outcome: ReplyBatch.Outcome) {
    replies(for: request.loop).replies.append((request, outcome))
  }

  /// The reply batch that is being filled for an event loop.
  private func replies(for loop: LoopContext) -> ReplyBatch {
    if let batch = filling[loop.index] { return batch }
    let batch = freeReplies(for: loop)
    filling[loop.index] = batch
    return batch
  }

  private func freeReplies(for loop: LoopContext) -> ReplyBatch {
    for batch in kept[loop.index] where batch.begin() { return batch }
    let batch = ReplyBatch(loop: loop)
    _ = batch.begin()
    if kept[loop.index].count < ServerLimits.keptReplyBatchesMax { kept[loop.index].append(batch) }
    return batch
  }
}
