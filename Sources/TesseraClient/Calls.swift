// One request on one connection, from the task that waits to the event loop that sends, and back.

import TesseraWire

/// What a connection answers.
enum Answer: Sendable {
  case binding(Binding)
  case scores(ScoresBody)
  case listed(ListedBody)
  /// The server's own words, for the waiting task knows what it had asked.
  case refused(ErrorBody)
  case failed(CallFailure)
}

/// Why an attempt gave no scores, and whether another may be made.
struct CallFailure: Error {
  enum Remedy {
    /// None: the caller is told.
    case none
    /// The request has certainly not been worked on: another connection may take it.
    case anotherConnection
    /// The signature has changed: bind and encode again.
    case rebind
  }

  let error: TesseraClientError
  let remedy: Remedy

  init(_ error: TesseraClientError, remedy: Remedy = .none) {
    self.error = error
    self.remedy = remedy
  }

  /// What a refusal by the server allows. The server says so itself, whatever the code; a request that may go
  /// to the same server again after a while is the caller's to repeat, for only it knows how long it can wait,
  /// unless another connection of this client has room at once.
  init(_ body: ErrorBody, during context: String, signature: Signature?) {
    let remedy: Remedy =
      switch body.retry {
      case .afterBinding: .rebind
      case .elsewhere: .anotherConnection
      case .here: body.code == .tooManyInFlight ? .anotherConnection : .none
      case .never: .none
      }
    self.init(
      TesseraClientError(body, during: context, signature: signature), remedy: remedy)
  }
}

typealias Call = OneShot<Answer>

/// What a task hands to the event loop of a connection.
enum Submission: Sendable {
  case bind(ModelReference, deadline: UInt64, Call)
  /// `body` is complete but for handle and deadline.
  case score(body: [UInt8], Binding, deadline: UInt64, Call)
  case list(ListBody, deadline: UInt64, Call)
  /// The task of this call has been cancelled.
  case abandon(Call)
  /// Finish what is in flight, then close.
  case drain
}

/// How often one call may be repeated: once with a new binding on each connection that it comes to. A request is repeated only when it has certainly not been worked on,
/// so that a server in trouble is not given its work twice.
struct RetryPolicy {
  private(set) var attempts = 1
  private var hasRebound = false

  /// Whether to try again after `failure`; counts the attempt if so.
  mutating func repeats(after failure: CallFailure) -> Bool {
    guard attempts < ClientLimits.attemptsMax else { return false }
    switch failure.remedy {
    case .none:
      return false
    case .rebind:
      guard !hasRebound else { return false }
      hasRebound = true
    case .anotherConnection:
      // That one may have a binding of its own that is out of date.
      hasRebound = false
    }
    attempts += 1
    return true
  }
}
