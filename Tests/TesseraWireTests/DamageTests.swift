import TesseraWire
import Testing
import SeededRandom

/// Whatever a peer sends, a decoder answers with a value or a `WireError`. A trap would end the test run.
@Suite("Damage")
struct DamageTests {
  @Test("A frame with any one byte changed is refused or incomplete", arguments: Vector.valid)
  func changedFrame(vector: Vector) throws {
    var bytes = vector.bytes
    for index in stride(from: 0, to: bytes.count, by: bytes.count > 8_000 ? 7 : 1) {
      let original = bytes[index]
      for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
        bytes[index] = original ^ change
        // Integers have no padding that `bytes` could expose.
        let header = try? unsafe FrameScanner.next(
          in: bytes.span.bytes, accepting: .every)
        guard header == nil else {
          Issue.record("byte \(index) changed by \(change) is not noticed")
          return
        }
      }
      bytes[index] = original
    }
  }

  @Test("A body with any one byte changed decodes or throws", arguments: Vector.valid)
  func changedBody(vector: Vector) throws {
    let signature = vector.header["signature"] == nil ? nil : try vector.signature()
    let header = try withBody(vector.bytes) { header, _ in header }
    var body = Array(vector.bytes[FrameHeader.byteCount...])
    // Large bodies repeat themselves: there, the changes that matter most are enough.
    let changes: [UInt8] =
      switch body.count {
      case ...80: Array(1...255)
      case ...1000: [1, 2, 4, 8, 16, 32, 64, 128, 127, 254, 255]
      default: [1, 255]
      }
    var layout = ScoreLayout()
    // A prime step reaches every field of entries that repeat; a small body is gone through whole.
    for index in stride(from: 0, to: body.count, by: body.count > 8_000 ? 7 : 1) {
      let original = body[index]
      for change in changes {
        body[index] = original ^ change
        decode(header.kind, body, signature, &layout)
      }
      body[index] = original
    }
  }

  @Test("A body cut anywhere is MALFORMED", arguments: Vector.valid)
  func cutBody(vector: Vector) throws {
    let signature = vector.header["signature"] == nil ? nil : try vector.signature()
    let header = try withBody(vector.bytes) { header, _ in header }
    guard ![.ping, .pong, .cancel, .unbound].contains(header.kind) else { return }
    let body = Array(vector.bytes[FrameHeader.byteCount...])
    var layout = ScoreLayout()
    for count in stride(from: 0, to: body.count, by: body.count > 8_000 ? 7 : 1) {
      let error = decode(header.kind, Array(body[..<count]), signature, &layout)
      guard error?.code == .malformed else {
        Issue.record("cut after \(count) bytes: \(String(describing: error))")
        return
      }
    }
  }

  @Test("A body of random bytes decodes or throws", arguments: FrameKind.allCases)
  func randomBody(kind: FrameKind) {
    var generator = SeededGenerator(seed: 5)
    var layout = ScoreLayout()
    for _ in 0..<2_000 {
      let signature = Signature.random(&generator)
      var body = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      if kind == .score, body.count > 22 {
        // Plausible counts, so that the columns are reached.
        body.replaceSubrange(2..<4, with: [1, 0])
        body.replaceSubrange(8..<10, with: [0, 0])
        body.replaceSubrange(18..<22, with: [body[18] % 21, 0, 1 + body[20] % 10, 0])
      }
      decode(kind, body, signature, &layout)
    }
  }

  @Test("A random request cut or changed anywhere decodes or throws", arguments: 0..<20)
  func randomRequest(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let signature = Signature.random(&generator)
    var body: [UInt8] = []
    try ScoreBody.random(signature, &generator).encode(signature: signature, into: &body)
    var layout = ScoreLayout()
    for index in body.indices {
      let error = decode(.score, Array(body[..<index]), signature, &layout)
      guard error != nil else {
        Issue.record("cut after \(index) bytes, decoded")
        return
      }
      let original = body[index]
      body[index] ^= UInt8.random(in: 1...255, using: &generator)
      decode(.score, body, signature, &layout)
      body[index] = original
    }
  }

  /// The error, or nil when the body decodes; a layout must then lie inside the body.
  @discardableResult
  private func decode(
    _ kind: FrameKind, _ body: [UInt8], _ signature: Signature?, _ layout: inout ScoreLayout
  ) -> WireError? {
    do throws(WireError) {
      // Integers have no padding that `bytes` could expose.
      try unsafe decodeAny(kind, body.span.bytes, signature: signature, layout: &layout)
    } catch {
      if let offset = error.offset, offset > body.count {
        Issue.record("the error's offset \(offset) is outside the body")
      }
      return error
    }
    if kind == .score, !isInside(layout, byteCount: body.count) {
      Issue.record("the layout does not cover the body: \(layout)")
    }
    return nil
  }

  /// Whether the columns follow each other without gaps and end where the body ends.
  private func isInside(_ layout: ScoreLayout, byteCount: Int) -> Bool {
    var end = 10 + (layout.trace == nil ? 0 : 25) + 12 * layout.users
    for column in layout.columns {
      let places = [
        end, column.offset + 1, column.countsOffset, column.prefixesOffset, column.valuesOffset,
        end + column.byteCount,
      ]
      guard column.offset == end, column.countsOffset == end + 1, places == places.sorted()
      else { return false }
      end += column.byteCount
    }
    return end == byteCount
  }
}
