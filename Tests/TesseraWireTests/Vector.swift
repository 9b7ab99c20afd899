// Reads the files of Protocol/vectors; its README says what is in them.
import Foundation
import TesseraWire
import Testing

/// One vector: a frame in hex and what a codec must make of it.
struct Vector: Sendable, CustomTestStringConvertible {
  /// Folder and file, for example `valid/hello`.
  var name: String
  var bytes: [UInt8]
  /// The lines `# key: value` at the top.
  var header: [String: String]

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Protocol")

  static let valid = all("valid")
  static let invalid = all("invalid")

  static func all(_ kind: String) -> [Vector] {
    let folder = folder.appending(path: "vectors/\(kind)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".hex") }.sorted().map { name in
      let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
      return Vector(name: "\(kind)/\(name.dropLast(4))", text: text)
    }
  }

  init(name: String, text: String) {
    self.name = name
    bytes = Vector.bytes(hex: text)
    header = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("# ") {
      let parts = line.dropFirst(2).split(separator: ": ", maxSplits: 1)
      if parts.count == 2 { header[String(parts[0])] = String(parts[1]) }
    }
  }

  /// The bytes of hex text in which `#` begins a comment.
  static func bytes(hex text: String) -> [UInt8] {
    var digits: [UInt8] = []
    for line in text.split(separator: "\n") {
      let content = line.prefix { $0 != "#" }
      digits += content.compactMap { $0.hexDigitValue }.map(UInt8.init)
    }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// The signature of the BOUND vector that the header names.
  func signature() throws -> Signature {
    let name = try #require(header["signature"]).replacing(".hex", with: "")
    let bound = try #require(Vector.valid.first { $0.name == name })
    return try withBody(bound.bytes) { (_, body) throws(WireError) in
      try BoundBody(decoding: body).signature
    }
  }
}

/// Runs the closure with the header and the body of the one frame that the bytes hold.
func withBody<Result>(
  _ bytes: [UInt8], _ use: (FrameHeader, RawSpan) throws(WireError) -> Result
) throws(WireError) -> Result {
  // Integers have no padding that `bytes` could expose.
  let span = unsafe bytes.span.bytes
  guard let header = try FrameScanner.next(in: span, accepting: .every) else {
    throw WireError(.internalError, "the frame is not complete")
  }
  return try use(header, span.extracting(FrameHeader.byteCount..<header.frameByteCount))
}

/// Decodes a body of any kind and throws the value away.
func decodeAny(
  _ kind: FrameKind, _ body: RawSpan, signature: Signature?, layout: inout ScoreLayout
) throws(WireError) {
  switch kind {
  case .hello: _ = try HelloBody(decoding: body)
  case .unbind: _ = try UnbindBody(decoding: body)
  case .list: _ = try ListBody(decoding: body)
  case .listed: _ = try ListedBody(decoding: body)
  case .bind: _ = try BindBody(decoding: body)
  case .score:
    guard let signature else { return }
    try layout.decode(body, signature: signature)
  case .ping, .pong, .cancel, .unbound: break
  case .welcome: _ = try WelcomeBody(decoding: body)
  case .bound: _ = try BoundBody(decoding: body)
  case .scores: _ = try ScoresBody(decoding: body)
  case .error: _ = try ErrorBody(decoding: body)
  case .goAway: _ = try GoAwayBody(decoding: body)
  }
}
