// A connection's state machine with people for callers, so that a test reads like a transcript:
// what happens on the left, what the machine wants done on the right.

import TesseraClient
import TesseraWire

struct ConnectionTranscript: ~Copyable {
  var machine = ConnectionStateMachine()

  static let signature = Signature(
    columns: [Column(name: "spend", axis: .event, kind: .number)],
    outputs: [Output(name: "redeem", meaning: .probability)], eventsMax: 8, couponsMax: 8)

  init() {}

  /// A connection that has been greeted and has `coupon` bound to handle 1.
  static func bound(inFlightMax: Int = 4) -> ConnectionTranscript {
    var transcript = ConnectionTranscript()
    transcript.machine.opened()
    _ = transcript.hears(.welcome(welcome(inFlightMax: inFlightMax)))
    let id = transcript.id(of: transcript.machine.bind("coupon", deadline: 100, caller: "setup"))
    _ = transcript.hears(.bound(requestID: id, body(handle: 1)))
    return transcript
  }

  static func welcome(
    inFlightMax: Int = 4, capabilities: Capabilities = .all
  ) -> WelcomeBody {
    WelcomeBody(
      capabilities: capabilities, limits: FrameLimits(inFlightMax: inFlightMax), times: .fake,
      serverName: "fake")
  }

  static func body(handle: UInt16, version: UInt32 = 1) -> BoundBody {
    BoundBody(handle: handle, version: version, signature: signature)
  }

  mutating func asks(_ caller: CallerID, deadline: UInt64 = 100) -> (said: String, id: UInt64) {
    switch machine.score(handle: 1, deadline: deadline, caller: caller) {
    case .send(let id): ("send", id)
    case .refuse(let error): ("refuse \(error.code)", 0)
    }
  }

  mutating func binds(
    _ model: ModelReference, for caller: CallerID, deadline: UInt64 = 100
  ) -> (said: String, id: UInt64) {
    switch machine.bind(model, deadline: deadline, caller: caller) {
    case .send(let id): ("send", id)
    case .join: ("join", 0)
    case .bound(let binding): ("bound to \(binding.handle)", 0)
    case .refuse(let error): ("refuse \(error.code)", 0)
    }
  }

  mutating func hears(_ reply: Reply) -> String {
    switch machine.received(reply) {
    case .none: "nothing"
    case .ready(let limits): "ready for \(limits.inFlightMax)"
    case .bound(_, let binding, let callers): "\(sorted(callers)) bound to \(binding.handle)"
    case .bindRefused(let error, let callers): "\(sorted(callers)) refused \(error.code.name)"
    case .scores(let caller): "scores for \(caller)"
    case .scoreRefused(let error, let caller), .bindingExpired(_, let error, let caller):
      caller.map { "\($0) refused \(error.code.name)" } ?? "nothing"
    case .listed(let body, let caller):
      caller.map { "\($0) sees \(body.total) aliases" } ?? "nothing"
    case .listRefused(let error, let caller):
      caller.map { "\($0) refused \(error.code.name)" } ?? "nothing"
    case .drain(let body): "drain: \(body.text)"
    case .close(let error): "close \(error.code)"
    }
  }

  private func sorted(_ callers: [CallerID]) -> [String] { callers.map { "\($0)" }.sorted() }

  private func id(of action: BindAction) -> UInt64 {
    guard case .send(let id) = action else { return 0 }
    return id
  }
}

/// A caller is named with up to eight letters, which are its number.
extension CallerID: ExpressibleByStringLiteral, CustomStringConvertible {
  /// The number that these letters make.
  public init(stringLiteral name: String) {
    self.init(name.utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// The letters of the number.
  public var description: String {
    var letters = rawValue
    var name = ""
    while letters > 0 {
      name.unicodeScalars.append(UnicodeScalar(UInt8(letters & 0xFF)))
      letters >>= 8
    }
    return name
  }
}

func refusal(_ code: ErrorCode, retryAfterMicroseconds: UInt32 = 0) -> ErrorBody {
  ErrorBody(code: code, retryAfterMicroseconds: retryAfterMicroseconds, text: "as scripted")
}
