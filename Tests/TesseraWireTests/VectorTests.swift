import Foundation
import TesseraWire
import Testing

@Suite("Vectors")
struct VectorTests {
  @Test("The folder holds vectors of every frame kind")
  func coverage() throws {
    var kinds: Set<FrameKind> = []
    for vector in Vector.valid {
      kinds.insert(try withBody(vector.bytes) { header, _ in header.kind })
    }
    #expect(kinds == Set(FrameKind.allCases))
    #expect(Vector.invalid.count > 150)
  }

  @Test("A valid vector decodes to the value that it names", arguments: Vector.valid)
  func valid(vector: Vector) throws {
    let expected = try JSONDecoder().decode(
      VectorValue.self, from: Data(try #require(vector.header["value"]).utf8))
    let signature = vector.header["signature"] == nil ? nil : try vector.signature()
    let value = try withBody(vector.bytes) { (header, body) throws(WireError) in
      try VectorValue(header.kind, body, signature: signature)
    }
    #expect(value == expected)
  }

  @Test(
    "A decoded body encodes to the same bytes",
    arguments: Vector.valid.filter { $0.header["again"] != "no" })
  func reencode(vector: Vector) throws {
    let encoded = try withBody(vector.bytes) { (header, body) throws(WireError) -> [UInt8]? in
      var bytes: [UInt8] = []
      let id = header.requestID
      switch header.kind {
      case .hello: try HelloBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .bind: try BindBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .unbind: try UnbindBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .list: try ListBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .listed: try ListedBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .ping, .pong, .cancel, .unbound:
        Frame.append(header.kind, requestID: id, body: body, to: &bytes)
      case .welcome: try WelcomeBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .bound: try BoundBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .scores: try ScoresBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .error: try ErrorBody(decoding: body).encodeFrame(requestID: id, into: &bytes)
      case .goAway: try GoAwayBody(decoding: body).encodeFrame(into: &bytes)
      case .score: return nil  // the client's encoder picks its own encodings: see RoundTripTests
      }
      return bytes
    }
    if let encoded { #expect(encoded == vector.bytes) }
  }

  @Test("An invalid vector is refused with its code, column and offset", arguments: Vector.invalid)
  func invalid(vector: Vector) throws {
    let signature = vector.header["signature"] == nil ? nil : try vector.signature()
    let error = #expect(throws: WireError.self) {
      try withBody(vector.bytes) { (header, body) throws(WireError) in
        var layout = ScoreLayout()
        try decodeAny(header.kind, body, signature: signature, layout: &layout)
      }
    }
    guard let error else { return }
    let column = error.column.map(String.init) ?? "-"
    let offset = error.offset.map(String.init) ?? "-"
    #expect(
      "\(error.code.name) column=\(column) offset=\(offset)" == vector.header["expect"],
      "\(error.message)")
  }
}
