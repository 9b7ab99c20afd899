import Foundation
import TesseraWire
import Testing

/// Plays the transcripts of Protocol/vectors to the server's pure parts. The README of the vectors says what
/// is in the files and how a server is played.
@Suite("Transcripts")
struct TranscriptTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Protocol/vectors")

  static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/transcripts")) ?? [])
    .filter { $0.hasSuffix(".txt") }.sorted()

  @Test("the folder holds transcripts")
  func coverage() { #expect(Self.names.count >= 20) }

  @Test("the server answers every transcript as it says", arguments: names)
  func answers(name: String) throws {
    let text = try String(
      contentsOf: Self.folder.appending(path: "transcripts/\(name)"), encoding: .utf8)
    var player = ServerPlayer()
    for event in text.components(separatedBy: "\n\n") {
      let lines = event.split(separator: "\n")
      guard let first = lines.first else { continue }
      let words = first.dropFirst(2).split(separator: " ").map(String.init)
      switch first.first {
      case ">": try player.receive(Self.bytes(hex: lines.dropFirst()))
      case "<":
        let said = try player.takeSent().map(Self.comparable)
        #expect(try said == Self.comparable(Self.bytes(hex: lines.dropFirst())))
      case "=": try Self.happens(words, to: &player)
      case "#": break
      default: Issue.record("'\(first)' begins no event")
      }
    }
    let more = try player.takeSent().map(Self.comparable)
    #expect(more == nil, "nothing is sent that the transcript does not have")
    let isOpen = player.isOpen
    #expect(isOpen != text.hasSuffix("= closes\n"))
  }

  /// A line of facts.
  private static func happens(_ words: [String], to player: inout ServerPlayer) throws {
    switch words[0] {
    case "serves":
      let name = words[1].split(separator: "/").map(String.init)
      let file = folder.appending(path: "valid/\(words[3]).hex")
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      let bound = try BoundBody(frame: bytes(hex: lines))
      player.serve(
        name[0], alias: name[1], version: try #require(UInt32(words[2])),
        signature: bound.signature)
    case "wants": player.credential = bytes(hex: [Substring(words[3])])
    case "limits":
      let parts = words[1].split(separator: "=")
      let value = try #require(Int(parts[1]))
      switch parts[0] {
      case "handles_max": player.limits.handlesMax = value
      case "in_flight_max": player.limits.inFlightMax = value
      default: Issue.record("the limit \(parts[0]) is none that this player knows")
      }
    case "holds": player.hold()
    case "computes": try player.compute()
    case "is":
      if words[1] == "full" {
        try player.fillQueue(retryAfterMicroseconds: try #require(Int(words[2])))
      } else {
        try player.compute()
      }
    case "drains": player.drain()
    case "closes": player.endIfDrained()
    default: Issue.record("'\(words[0])' is no fact")
    }
  }

  private static func bytes(hex lines: some Sequence<Substring>) -> [UInt8] {
    let digits = lines.flatMap { $0.prefix { $0 != "#" } }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  /// All of a server's frame that is compared, for people to read.
  private static func comparable(_ bytes: [UInt8]) throws -> String {
    // Integers have no padding that `bytes` could expose.
    let scanned = try unsafe FrameScanner.next(in: bytes.span.bytes, accepting: .every)
    let header = try #require(scanned)
    let body: any FrameBody
    switch header.kind {
    case .welcome:
      var welcome = try WelcomeBody(frame: bytes)
      (welcome.serverName, welcome.release) = ("", "")
      welcome.times = ServerPlayer.times
      body = welcome
    case .scores:
      var scores = try ScoresBody(frame: bytes)
      (scores.load, scores.queueMicroseconds, scores.computeMicroseconds) = (0, 0, 0)
      scores.values = scores.values.map { _ in 0 }
      body = scores
    case .error:
      var error = try ErrorBody(frame: bytes)
      error.text = ""
      body = error
    case .goAway:
      var farewell = try GoAwayBody(frame: bytes)
      farewell.text = ""
      body = farewell
    case .bound: body = try BoundBody(frame: bytes)
    case .listed: body = try ListedBody(frame: bytes)
    case .pong, .unbound:
      return "\(header.kind.name) \(header.requestID) \(bytes[FrameHeader.byteCount...])"
    case .hello, .bind, .score, .ping, .unbind, .cancel, .list:
      Issue.record("a server does not send \(header.kind.name)")
      return header.kind.name
    }
    return "\(header.kind.name) \(header.requestID) \(body)"
  }
}

extension FrameBody {
  /// Reads the body of a whole frame.
  fileprivate init(frame bytes: [UInt8]) throws(WireError) {
    // Integers have no padding that `bytes` could expose.
    try unsafe self.init(decoding: bytes.span.bytes.extracting(FrameHeader.byteCount...))
  }
}
