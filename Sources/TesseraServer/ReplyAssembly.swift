package import NIOCore
package import Serving
package import TesseraWire

/// The reply to a frame whose users went to several versions, put together part by part as they end.
/// Confined to the request's event loop.
package struct ReplyAssembly {
  private let shape: ScoresFrame
  private var bytes: [UInt8]
  private var load: UInt8 = 0
  private var queueMicroseconds: UInt32 = 0
  private var computeMicroseconds: UInt32 = 0

  /// No user is answered yet. Cost: allocates the frame.
  package init(_ shape: ScoresFrame) {
    self.shape = shape
    bytes = Array(repeating: 0, count: shape.byteCount)
  }

  /// Takes over the users that a part answers. Parts have no user in common, and what a part does not answer
  /// is zeros there and here.
  package mutating func add(_ part: ByteBuffer) {
    precondition(part.readableBytes == bytes.count, "a part of another reply")
    let span = part.readableBytesSpan
    for index in ScoresFrame.usersOffset..<bytes.count {
      bytes[index] |= span.littleEndian(at: index, as: UInt8.self)
    }
    // What stands for all users: the fullest queue, the latest batch.
    let body = FrameHeader.byteCount
    load = max(load, span.littleEndian(at: body + 3, as: UInt8.self))
    queueMicroseconds = max(queueMicroseconds, span.littleEndian(at: body + 4, as: UInt32.self))
    computeMicroseconds = max(
      computeMicroseconds, span.littleEndian(at: body + 8, as: UInt32.self))
  }

  /// Notes that these users were not scored.
  package mutating func refuse(_ users: UserMask, _ code: ErrorCode) {
    // The array is the frame that `shape` describes.
    unsafe bytes.withUnsafeMutableBytes { frame in
      users.forEachRun { run in
        for user in run { unsafe shape.setUser(user, version: 0, status: code, in: frame) }
      }
    }
  }

  /// The whole frame, once every part was added or refused.
  package mutating func finish(requestID: UInt64) -> ByteBuffer {
    // As above.
    unsafe bytes.withUnsafeMutableBytes {
      unsafe shape.finish(
        $0, requestID: requestID, load: load, queueMicroseconds: queueMicroseconds,
        computeMicroseconds: computeMicroseconds)
    }
    return ByteBuffer(bytes: bytes)
  }
}
