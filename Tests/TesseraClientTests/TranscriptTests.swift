import Foundation
import FrameStream
import NIOCore
import TesseraClient
import TesseraWire
import Testing

/// Plays the transcripts of Protocol/vectors to the client's machine: it is asked for what the client's
/// frames say, and given the server's. What a correct client does not send (requests before WELCOME, beyond the
/// server's limit, while it drains; PING and UNBIND, which this client has no use for) is left out together with
/// its answer, as the README of the vectors allows.
@Suite("Transcripts")
struct TranscriptTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Protocol/vectors/transcripts")

  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".txt") }.sorted()

  @Test("the folder holds transcripts")
  func coverage() { #expect(Self.names.count >= 20) }

  @Test("the machine follows every transcript", arguments: names)
  func follows(name: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    var player = ClientPlayer()
    for event in text.components(separatedBy: "\n\n") {
      let lines = event.split(separator: "\n")
      guard let first = lines.first else { continue }
      let words = String(first.dropFirst(2))
      let bytes = ClientPlayer.bytes(hex: lines.dropFirst())
      switch first.first {
      case ">": try player.sends(words, bytes)
      case "<": try player.hears(words, bytes)
      case "=", "#": break
      default: Issue.record("'\(first)' begins no event")
      }
    }
    #expect(player.followed > 0)
  }
}

private struct ClientPlayer: ~Copyable {
  private var machine = ConnectionStateMachine()
  /// The machine's ids of what it has sent and has no answer to, by the ids in the transcript.
  private var sent: [UInt64: UInt64] = [:]
  private var cancelled: Set<UInt64> = []
  /// Frames of the server that the machine was given.
  private(set) var followed = 0

  static func bytes(hex lines: some Sequence<Substring>) -> [UInt8] {
    let digits = lines.flatMap { $0.prefix { $0 != "#" } }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  mutating func sends(_ kind: String, _ bytes: [UInt8]) throws {
    var frame = ByteBuffer(bytes: bytes)
    frame.moveReaderIndex(forwardBy: 8)
    let id = frame.readInteger(endianness: .little, as: UInt64.self) ?? 0
    frame.moveReaderIndex(forwardBy: 4)
    switch kind {
    case "HELLO":
      if machine.state == .idle { machine.opened() }
    case "BIND":
      let body = try BindBody(decoding: frame.readableBytesSpan)
      let model =
        switch body.target {
        case .alias(let alias): ModelReference(body.name, alias: alias)
        case .version(let version): ModelReference(body.name, version: version)
        }
      guard body.objectKind == .model else { return }
      if case .send(let own) = machine.bind(model, deadline: .max, caller: CallerID(id)) {
        sent[id] = own
      }
    case "SCORE":
      let handle = frame.readInteger(endianness: .little, as: UInt16.self) ?? 0
      if case .send(let own) = machine.score(handle: handle, deadline: .max, caller: CallerID(id)) {
        sent[id] = own
      }
    case "LIST":
      if case .send(let own) = machine.list(deadline: .max, caller: CallerID(id)) { sent[id] = own }
    case "CANCEL":
      let waits = sent[id] != nil && !cancelled.contains(id)
      #expect(machine.abandon { $0.rawValue == id } == (waits ? [CallerID(id)] : []))
      #expect(machine.takeCancellations() == (waits ? sent[id].map { [$0] } : []))
      cancelled.insert(id)
    default:
      break
    }
  }

  mutating func hears(_ words: String, _ bytes: [UInt8]) throws {
    // Integers have no padding that `bytes` could expose.
    let scanned = try unsafe FrameScanner.next(
      in: bytes.span.bytes, accepting: machine.accepted)
    let header = try #require(scanned)
    let own: UInt64
    switch header.kind {
    case .welcome, .goAway: own = header.requestID
    case _ where machine.state == .greeting || header.requestID == 0: own = 0
    default:
      guard let known = sent.removeValue(forKey: header.requestID) else { return }
      own = known
    }
    followed += 1
    var frame: [UInt8] = []
    // Integers have no padding that `bytes` could expose.
    unsafe Frame.append(
      header.kind, requestID: own, body: bytes.span.bytes.extracting(FrameHeader.byteCount...),
      to: &frame)
    var assembler = FrameAssembler()
    assembler.append(ByteBuffer(bytes: frame))
    let next = try assembler.next(accepting: machine.accepted)
    let (mapped, body) = try #require(next)
    let action = machine.received(try Reply(mapped, body: body))
    let said = Self.said(action)
    let isCancelled = cancelled.contains(header.requestID)
    #expect(said == Self.expected(words, header, isCancelled: isCancelled, own: own))
  }

  private static func expected(
    _ words: String, _ header: FrameHeader, isCancelled: Bool, own: UInt64
  ) -> [String] {
    let caller = isCancelled ? "nobody" : "\(header.requestID)"
    return switch words {
    case "WELCOME": ["ready"]
    case "GOAWAY": ["drain"]
    case "BOUND": ["bound [\(header.requestID)]"]
    case "SCORES": isCancelled ? ["nothing"] : ["scores \(caller)"]
    case "LISTED": ["listed \(caller)"]
    case "ERROR REBIND_REQUIRED", "ERROR UNKNOWN_HANDLE": ["binds again \(caller)"]
    default: own == 0 ? ["close"] : ["refused \(caller)"]
    }
  }

  private static func said(_ action: ReplyAction) -> [String] {
    func name(_ caller: CallerID?) -> String { caller.map { "\($0.rawValue)" } ?? "nobody" }
    return switch action {
    case .none: ["nothing"]
    case .ready: ["ready"]
    case .bound(_, _, let callers): ["bound \(callers.map(\.rawValue))"]
    case .bindRefused(_, let callers): callers.map { "refused \(name($0))" }
    case .scores(let caller): ["scores \(name(caller))"]
    case .listed(_, let caller): ["listed \(name(caller))"]
    case .listRefused(_, let caller), .scoreRefused(_, let caller): ["refused \(name(caller))"]
    case .bindingExpired(_, _, let caller): ["binds again \(name(caller))"]
    case .drain: ["drain"]
    case .close: ["close"]
    }
  }
}
