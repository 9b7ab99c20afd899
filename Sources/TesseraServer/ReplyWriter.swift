import Inference
import NIOCore
import Serving
import TesseraWire

/// What a worker has computed, as replies tell of it.
struct ComputedBatch {
  let version: LiveVersion
  let workspace: Workspace
  /// When it was taken, in nanoseconds.
  let began: Int64
  /// How long it took, in nanoseconds.
  let nanoseconds: Int64
  /// Queue fullness when it was taken.
  let fullness: UInt8
}

/// Writes the reply of one kind of work straight into the buffer that the socket will read.
protocol ReplyWriter {
  /// Appends a whole frame, in which only these users are answered. Returns those of them that were scored;
  /// the others' status says why not.
  ///
  /// - Parameter rows: where the users' rows begin in the batch, on each axis.
  /// - Cost: one pass over the frame; allocates only to grow the buffer.
  static func append(
    _ request: PendingRequest, users: UserMask, rows: RowCounts, of batch: ComputedBatch,
    to bytes: inout ByteBuffer
  ) -> UserMask
}

extension Work {
  /// Appends the reply to a request of this kind; returns the users that were scored.
  func appendReply(
    to request: PendingRequest, users: UserMask, rows: RowCounts, of batch: ComputedBatch,
    to bytes: inout ByteBuffer
  ) -> UserMask {
    switch self {
    case .score: ScoresWriter.append(request, users: users, rows: rows, of: batch, to: &bytes)
    }
  }

  /// The shape of the reply.
  func replyFrame(_ layout: ScoreLayout, _ signature: Signature) -> ScoresFrame {
    switch self {
    case .score:
      ScoresFrame(signature: signature, users: layout.users, coupons: layout.couponRows)
    }
  }
}

/// SCORES.
enum ScoresWriter: ReplyWriter {
  static func append(
    _ request: PendingRequest, users: UserMask, rows: RowCounts, of batch: ComputedBatch,
    to bytes: inout ByteBuffer
  ) -> UserMask {
    var scored = users
    let layout = request.layout
    let frame = request.work.replyFrame(layout, batch.version.signature)
    let isWhole = users.count == layout.users
    let queue = UInt32(clamping: max(0, batch.began - request.arrival) / 1_000)
    // unsafe below: the buffer is grown to hold the frame; the closure reports exactly its bytes as written.
    unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: frame.byteCount) {
      let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: $0[..<frame.byteCount])
      if !isWhole { unsafe frame.begin(memory) }
      var next = rows
      users.forEachRun { run in
        var isFinite = true
        let places = request.rows(of: run)
        for output in frame.outputs.indices {
          let axis = frame.outputs[output].axis
          // The frame has room for the rows of these users.
          let target = frame.valuesRange(output: output, rows: places[axis])
          let isOutputFinite = unsafe batch.workspace.copyScores(
            output: output, rows: next[axis]..<next[axis] + places[axis].count,
            into: UnsafeMutableRawBufferPointer(rebasing: memory[target]))
          isFinite = isFinite && isOutputFinite
        }
        for user in run {
          // The same memory.
          if unsafe isFinite || keep(user, of: request, in: memory, frame) {
            unsafe frame.setUser(user, version: batch.version.version, status: nil, in: memory)
          } else {
            let status = Refusal.notFinite.code
            unsafe frame.setUser(user, version: 0, status: status, in: memory)
            scored.remove(user)
          }
        }
        for axis in Axis.allCases { next[axis] += places[axis].count }
      }
      unsafe frame.finish(
        memory, requestID: request.requestID, load: batch.fullness, queueMicroseconds: queue,
        computeMicroseconds: UInt32(clamping: batch.nanoseconds / 1_000))
      return frame.byteCount
    }
    return scored
  }

  /// Looks at the scores of one user, of a run where some are not finite. Keeps them and returns true if all of
  /// them are; else makes zeros of them.
  private static func keep(
    _ user: Int, of request: PendingRequest, in memory: UnsafeMutableRawBufferPointer,
    _ frame: ScoresFrame
  ) -> Bool {
    let places = request.rows(of: user..<user + 1)
    let ranges = frame.outputs.indices.map { output in
      frame.valuesRange(output: output, rows: places[frame.outputs[output].axis])
    }
    let isFinite = ranges.allSatisfy { range in
      stride(from: range.lowerBound, to: range.upperBound, by: 4).allSatisfy { offset in
        // The ranges lie in the frame; four bytes are a score.
        let bits = unsafe memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return Float(bitPattern: UInt32(littleEndian: bits)).isFinite
      }
    }
    // As above.
    if !isFinite { for range in ranges { for byte in range { unsafe memory[byte] = 0 } } }
    return isFinite
  }
}
