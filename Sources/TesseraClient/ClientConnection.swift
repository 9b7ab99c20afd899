import NIOCore
import Synchronization
import TesseraWire

/// A greeted connection, as tasks on any thread use it. What they submit is collected, so that the event loop is
/// woken once for many requests and writes them in one go.
final class ClientConnection: Sendable {
  let id: ConnectionID
  let limits: FrameLimits
  let capabilities: Capabilities
  private let eventLoop: any EventLoop
  private let handler: NIOLoopBound<ConnectionHandler>
  private let submissions = Mutex<[Submission]>([])
  /// The bindings that hold now, so that a request needs one visit to the event loop and not two. Changed on
  /// the event loop only, before any task hears of the change: no task can put back what is out of date.
  private let bindings = Mutex<[ModelReference: Binding]>([:])

  /// To be called on the event loop.
  init(
    id: ConnectionID, limits: FrameLimits, capabilities: Capabilities, handler: ConnectionHandler,
    loop: any EventLoop
  ) {
    self.id = id
    self.limits = limits
    self.capabilities = capabilities
    eventLoop = loop
    self.handler = NIOLoopBound(handler, eventLoop: loop)
  }

  /// The handle and signature of `model`, asked for once.
  func bind(_ model: ModelReference, deadline: UInt64) async throws(CallFailure) -> Binding {
    if let known = bindings.withLock({ $0[model] }) { return known }
    let call = Call()
    switch await wait(for: call, with: .bind(model, deadline: deadline, call)) {
    case .binding(let binding):
      return binding
    case .refused(let body):
      throw CallFailure(
        TesseraClientError(body, during: "to bind \(model)"),
        remedy: body.code == .limit || body.code == .draining ? .anotherConnection : .none)
    case .failed(let failure):
      throw failure
    case .scores, .listed:
      preconditionFailure("BIND is answered with a binding")
    }
  }

  /// A part of what the server serves.
  func list(_ body: ListBody, deadline: UInt64) async throws(CallFailure) -> ListedBody {
    let call = Call()
    switch await wait(for: call, with: .list(body, deadline: deadline, call)) {
    case .listed(let body):
      return body
    case .refused(let body):
      throw CallFailure(body, during: "to list what it serves", signature: nil)
    case .failed(let failure):
      throw failure
    case .binding, .scores:
      preconditionFailure("LIST is answered with a list")
    }
  }

  /// Sends a body that was encoded for `binding`.
  func score(
    body: [UInt8], binding: Binding, deadline: UInt64
  ) async throws(CallFailure) -> ScoresBody {
    let call = Call()
    switch await wait(for: call, with: .score(body: body, binding, deadline: deadline, call)) {
    case .scores(let scores):
      return scores
    case .refused(let body):
      throw CallFailure(body, during: "the request", signature: binding.signature)
    case .failed(let failure):
      throw failure
    case .binding, .listed:
      preconditionFailure("SCORE is answered with scores")
    }
  }

  /// Finishes what is in flight and closes.
  func drain() {
    submit(.drain)
  }

  /// The server has answered BIND. To be called on the event loop.
  func learn(_ binding: Binding, of model: ModelReference) {
    bindings.withLock { $0[model] = binding }
  }

  /// The server wants another BIND for whatever has this handle. To be called on the event loop.
  func forget(handle: UInt16) {
    bindings.withLock { bindings in
      for (model, binding) in bindings where binding.handle == handle { bindings[model] = nil }
    }
  }

  /// Takes what has been submitted since the last time. To be called on the event loop.
  func takeSubmissions() -> [Submission] {
    submissions.withLock { submissions in
      defer { submissions = [] }
      return submissions
    }
  }

  private func wait(for call: Call, with submission: Submission) async -> Answer {
    await call.wait(
      ifCancelled: .failed(
        CallFailure(TesseraClientError(.cancelled, "the calling task was cancelled"))),
      start: { submit(submission) },
      onCancel: { self.submit(.abandon(call)) })
  }

  private func submit(_ submission: Submission) {
    let isFirst = submissions.withLock { submissions in
      submissions.append(submission)
      return submissions.count == 1
    }
    if isFirst { eventLoop.execute { self.handler.value.perform(self.takeSubmissions()) } }
  }
}
