import FrameStream
import NIOCore
import SeededRandom
import TesseraWire
import Testing

@Suite("From bytes to frames")
struct FrameAssemblerTests {
  /// Frames of lengths from nothing to some kilobytes, and their bodies.
  private func stream(_ count: Int) -> (bytes: [UInt8], bodies: [[UInt8]]) {
    var numbers = SeededGenerator(seed: 6)
    var bytes: [UInt8] = []
    var bodies: [[UInt8]] = []
    for request in 0..<count {
      let length = [0, 1, 19, 20, 21, 400, 3_000].randomElement(using: &numbers) ?? 0
      let body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &numbers) }
      // Integers have no padding that `bytes` could expose.
      unsafe Frame.append(.score, requestID: UInt64(request), body: body.span.bytes, to: &bytes)
      bodies.append(body)
    }
    return (bytes, bodies)
  }

  /// Feeds the stream in reads of these sizes, in turn; returns the bodies and the most memory held.
  private func assemble(
    _ bytes: [UInt8], reads: [Int]
  ) throws -> (bodies: [[UInt8]], storageBytesMax: Int) {
    var assembler = FrameAssembler()
    var bodies: [[UInt8]] = []
    // Held like frames in flight: their buffers are shared.
    var held: [ByteBuffer] = []
    var storageBytesMax = 0
    var start = 0
    var turn = 0
    while start < bytes.count {
      let end = min(bytes.count, start + reads[turn % reads.count])
      assembler.append(ByteBuffer(bytes: bytes[start..<end]))
      while let (header, body) = try assembler.next(accepting: .every) {
        #expect(header.requestID == UInt64(bodies.count))
        bodies.append(Array(body.readableBytesView))
        held.append(body)
      }
      storageBytesMax = max(storageBytesMax, assembler.storageBytes)
      start = end
      turn += 1
    }
    #expect(!assembler.isMidFrame)
    return (bodies, storageBytesMax)
  }

  @Test(
    "however a stream is cut into reads, the frames are the same",
    arguments: [[1], [2], [19], [20], [21], [7, 400, 1], [4_096], [1 << 20]])
  func cuts(reads: [Int]) throws {
    let (bytes, bodies) = stream(60)
    #expect(try assemble(bytes, reads: reads).bodies == bodies)
  }

  @Test("a stream that never pauses between frames does not make the reader hold more and more")
  func memory() throws {
    let (bytes, bodies) = stream(2_000)
    let assembled = try assemble(bytes, reads: [1_000])
    #expect(assembled.bodies == bodies)
    #expect(assembled.storageBytesMax <= 8_192)
  }

  @Test(
    "a frame that is passed over is not kept, and what follows it is read as if it had been",
    arguments: [1, 7, 400, 2_900, 2_999, 3_000, 4_000])
  func passOver(cut: Int) throws {
    let body = [UInt8](repeating: 5, count: 3_000)
    var bytes: [UInt8] = []
    // Integers have no padding that `bytes` could expose.
    unsafe Frame.append(.score, requestID: 1, body: body.span.bytes, to: &bytes)
    unsafe Frame.append(.score, requestID: 2, body: body.span.bytes, to: &bytes)
    unsafe Frame.append(.ping, requestID: 3, body: [1, 2].span.bytes, to: &bytes)
    var assembler = FrameAssembler()
    #expect(try assembler.passOver(accepting: .every) == nil)
    assembler.append(ByteBuffer(bytes: bytes[..<25]))
    #expect(try assembler.next(accepting: .every) == nil)
    #expect(try assembler.passOver(accepting: .every)?.requestID == 1)
    #expect(assembler.isMidFrame)
    #expect(assembler.storageBytes == 0)
    #expect(try assembler.passOver(accepting: .every) == nil)
    var ids: [UInt64] = []
    for range in [25..<25 + cut, 25 + cut..<bytes.count] {
      assembler.append(ByteBuffer(bytes: bytes[range]))
      while let (header, _) = try assembler.next(accepting: .every) { ids.append(header.requestID) }
    }
    #expect(ids == [2, 3])
    #expect(!assembler.isMidFrame)
  }

  @Test("what is appended to bytes that are not used yet comes after them")
  func unread() throws {
    let (bytes, bodies) = stream(9)
    var assembler = FrameAssembler()
    var read: [[UInt8]] = []
    // One frame is taken of each read that came.
    for start in stride(from: 0, to: bytes.count, by: 500) {
      assembler.append(ByteBuffer(bytes: bytes[start..<min(start + 500, bytes.count)]))
      if let (_, body) = try assembler.next(accepting: .every) {
        read.append(Array(body.readableBytesView))
      }
    }
    while assembler.hasUnread, let (_, body) = try assembler.next(accepting: .every) {
      read.append(Array(body.readableBytesView))
    }
    #expect(read == bodies)
  }

  @Test(
    "a frame with a changed byte is refused, in one read or in two, wherever these meet",
    arguments: [0, 1, 19, 20, 21, 25, 29, 30])
  func damage(cut: Int) throws {
    var bytes: [UInt8] = []
    let body = [UInt8](repeating: 5, count: 10)
    // Integers have no padding that `bytes` could expose.
    unsafe Frame.append(.score, requestID: 1, body: body.span.bytes, to: &bytes)
    bytes[bytes.count - 1] ^= 1
    var assembler = FrameAssembler()
    #expect(throws: WireError.self) {
      for part in [bytes[..<cut], bytes[cut...]] {
        assembler.append(ByteBuffer(bytes: part))
        _ = try assembler.next(accepting: .every)
      }
    }
  }

  @Test("a header that claims too much is refused before its body is waited for")
  func longBody() throws {
    var assembler = FrameAssembler()
    let accepted = AcceptedFrames.fromClient([], bodyBytesMax: 1_000)
    let (bytes, _) = stream(1)
    var header = Array(bytes.prefix(20))
    header[0...3] = [0, 0, 1, 0]
    assembler.append(ByteBuffer(bytes: header.prefix(10)))
    #expect(try assembler.next(accepting: accepted) == nil)
    assembler.append(ByteBuffer(bytes: header.suffix(10)))
    #expect(throws: WireError.self) { try assembler.next(accepting: accepted) }
  }
}
