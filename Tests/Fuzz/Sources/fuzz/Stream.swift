// FrameAssembler: however a stream is cut into reads, the same frames come out and the same error ends it; and they are
// those that FrameScanner finds in the whole.
//
// Input: a program that writes the stream, for good checksums are not found by chance.

import FrameStream
import NIOCore
import TesseraWire

func testStream(_ bytes: [UInt8]) {
  var input = FuzzedInput(bytes)
  var stream: [UInt8] = []
  var cuts: [Int] = []
  while !input.isEmpty {
    switch input.byte() % 8 {
    case 0...3:
      let (kind, id, body) = (
        input.choice(of: FrameKind.allCases), UInt64(input.byte()), input.block()
      )
      // Bytes have no padding that `bytes` could expose.
      unsafe Frame.append(kind, requestID: id, body: body.span.bytes, to: &stream)
    case 4: stream += input.block()
    case 5: if let last = stream.indices.last { stream[last] ^= input.byte() }
    // A place in what has been written, or its end.
    case 6: cuts.append(min(Int(input.integer(UInt16.self)), stream.count))
    default: cuts.append(stream.count)
    }
  }
  cuts.sort()
  let ends = cuts + [stream.count]
  let pieces = zip([0] + cuts, ends).map { Array(stream[$0..<$1]) }
  let scanned = scan(stream)
  expect(assemble([stream]) == scanned, "in one read, other frames")
  expect(assemble(pieces) == scanned, "in \(pieces.count) reads, other frames")
}

private let accepted = AcceptedFrames.fromClient(.all)

/// What came out of a stream.
private struct Outcome: Equatable {
  var frames: [FrameHeader] = []
  var bodies: [[UInt8]] = []
  var error: WireError?
}

private func scan(_ stream: [UInt8]) -> Outcome {
  var outcome = Outcome()
  var start = 0
  do throws(WireError) {
    // Bytes have no padding that `bytes` could expose.
    while let header = try unsafe FrameScanner.next(
      in: stream.span.bytes.extracting(start..<stream.count), accepting: accepted)
    {
      outcome.frames.append(header)
      let end = start + header.frameByteCount
      outcome.bodies.append(Array(stream[start + FrameHeader.byteCount..<end]))
      start = end
    }
  } catch {
    outcome.error = error
  }
  return outcome
}

private func assemble(_ reads: [[UInt8]]) -> Outcome {
  var outcome = Outcome()
  var assembler = FrameAssembler()
  for read in reads {
    assembler.append(ByteBuffer(bytes: read))
    do throws(WireError) {
      while let (header, body) = try assembler.next(accepting: accepted) {
        outcome.frames.append(header)
        outcome.bodies.append(Array(body.readableBytesView))
      }
    } catch {
      outcome.error = error
      return outcome
    }
    expect(!assembler.hasUnread, "bytes were left unread without an error")
  }
  return outcome
}
