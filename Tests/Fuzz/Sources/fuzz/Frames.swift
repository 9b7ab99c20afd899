// Bodies of frames: what can be read can be written again, as the same bytes; as the same value where several bytes mean
// it: SCORE has several encodings, and a way to try again that is not known is read as "never".
//
// Input: kind, body. Before a SCORE body stands a block with the BOUND body whose signature it follows.

import TesseraWire

func testFrames(_ bytes: [UInt8]) {
  var input = FuzzedInput(bytes)
  guard let kind = FrameKind(rawValue: input.byte()) else { return }
  switch kind {
  case .hello: testBody(HelloBody.self, input.rest())
  case .bind: testBody(BindBody.self, input.rest())
  case .unbind: testBody(UnbindBody.self, input.rest())
  case .list: testBody(ListBody.self, input.rest())
  case .welcome: testBody(WelcomeBody.self, input.rest())
  case .bound: testBody(BoundBody.self, input.rest())
  case .scores: testBody(ScoresBody.self, input.rest())
  case .listed: testBody(ListedBody.self, input.rest())
  case .error: testBody(ErrorBody.self, input.rest(), isOneToOne: false)
  case .goAway: testBody(GoAwayBody.self, input.rest(), isOneToOne: false)
  case .score: testScore(bound: input.block(), body: input.rest())
  // Bytes that are sent back, or none.
  case .ping, .pong, .cancel, .unbound: break
  }
}

private func testBody<Body: FrameBody>(
  _ type: Body.Type, _ bytes: [UInt8], isOneToOne: Bool = true
) {
  // Bytes have no padding that `bytes` could expose.
  guard let body = try? unsafe Body(decoding: bytes.span.bytes) else { return }
  var frame: [UInt8] = []
  do {
    try body.encodeFrame(requestID: 1, into: &frame)
  } catch {
    fatalError("\(Body.kind.name) was read but cannot be written: \(error)")
  }
  let written = Array(frame.dropFirst(FrameHeader.byteCount))
  // Bytes have no padding that `bytes` could expose.
  let isSame =
    isOneToOne
    ? written == bytes : (try? unsafe Body(decoding: written.span.bytes)) == body
  expect(isSame, "\(Body.kind.name) changed")
  expect(bytes.count <= Body.kind.bodyBytesMax, "\(Body.kind.name) is longer than its kind may be")
}

private func testScore(bound: [UInt8], body: [UInt8]) {
  // Bytes have no padding that `bytes` could expose.
  guard let signature = try? unsafe BoundBody(decoding: bound.span.bytes).signature else { return }
  var layout = ScoreLayout()
  do {
    // Bytes have no padding that `bytes` could expose.
    try unsafe layout.decode(body.span.bytes, signature: signature)
  } catch {
    expect((error.offset ?? 0) <= body.count, "the fault lies behind the body")
    return
  }
  var (events, coupons) = (0, 0)
  for user in 0..<layout.users {
    // Bytes have no padding that `bytes` could expose.
    let rows = unsafe layout.rows(of: user..<user + 1, in: body.span.bytes)
    expect(rows[.event].lowerBound == events, "events of user \(user) do not follow")
    expect(rows[.coupon].lowerBound == coupons, "coupons of user \(user) do not follow")
    (events, coupons) = (rows[.event].upperBound, rows[.coupon].upperBound)
  }
  expect(events == layout.eventRows && coupons == layout.couponRows, "rows are lost")
  let once = encoded(body, signature)
  // Bytes rather than values: NaN is not equal to itself.
  expect(encoded(once, signature) == once, "SCORE changed")
}

/// The body with each value in its narrowest encoding.
private func encoded(_ body: [UInt8], _ signature: Signature) -> [UInt8] {
  var bytes: [UInt8] = []
  do {
    // Bytes have no padding that `bytes` could expose.
    let score = try unsafe ScoreBody(decoding: body.span.bytes, signature: signature)
    try score.encode(signature: signature, into: &bytes)
  } catch {
    fatalError("SCORE was read but cannot be written: \(error)")
  }
  return bytes
}
