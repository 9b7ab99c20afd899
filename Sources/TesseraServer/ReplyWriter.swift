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
  /// Appends a whole frame; `couponRows` are those of this request in the batch.
  ///
  /// - Cost: one pass over the frame; allocates only to grow the buffer.
  static func append(
    _ request: PendingRequest, couponRows: Range<Int>, of batch: ComputedBatch,
    to bytes: inout ByteBuffer)
}

extension Work {
  /// Appends the reply to a request of this kind.
  func appendReply(
    to request: PendingRequest, couponRows: Range<Int>, of batch: ComputedBatch,
    to bytes: inout ByteBuffer
  ) {
    switch self {
    case .score: ScoresWriter.append(request, couponRows: couponRows, of: batch, to: &bytes)
    }
  }

  /// Bytes of the reply, for the connection's bound.
  func replyByteCount(_ layout: ScoreLayout, _ signature: Signature) -> Int {
    switch self {
    case .score: ScoresWriter.frame(layout, version: 0, signature).byteCount
    }
  }
}

/// SCORES.
enum ScoresWriter: ReplyWriter {
  static func frame(
    _ layout: ScoreLayout, version: UInt32, _ signature: Signature
  ) -> ScoresFrame {
    ScoresFrame(
      version: version, users: layout.users, outputs: signature.outputs.count,
      rows: layout.couponRows)
  }

  static func append(
    _ request: PendingRequest, couponRows: Range<Int>, of batch: ComputedBatch,
    to bytes: inout ByteBuffer
  ) {
    let version = batch.version
    let frame = frame(request.layout, version: version.version, version.signature)
    let queue = UInt32(clamping: max(0, batch.began - request.arrival) / 1_000)
    // The buffer is grown to hold the frame; the closure reports exactly its bytes as written.
    unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: frame.byteCount) {
      let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: $0[..<frame.byteCount])
      for output in version.signature.outputs.indices {
        // The range lies in the frame, and is as long as these rows.
        unsafe batch.workspace.copyScores(
          output: output, rows: couponRows,
          into: UnsafeMutableRawBufferPointer(rebasing: memory[frame.valuesRange(output: output)]))
      }
      unsafe frame.finish(  // The memory is exactly the frame.
        memory, requestID: request.requestID, load: batch.fullness, queueMicroseconds: queue,
        computeMicroseconds: UInt32(clamping: batch.nanoseconds / 1_000))
      return frame.byteCount
    }
  }
}
