package import TesseraWire

/// Why a frame is not computed. A refusal is an answer like any other: it has a code, says what to
/// do, and its text costs nothing to make.
package enum Refusal: Error, Hashable, Sendable {
  /// The queue is full.
  case overloaded(retryAfterMicroseconds: UInt32)
  /// The work that is waiting already takes longer than the frame's deadline leaves.
  case tooLate(retryAfterMicroseconds: UInt32)
  /// The deadline passed before the frame was computed.
  case deadlineExceeded
  /// The server is about to stop.
  case draining
  /// The handle's alias, or its exact version, is not served at the moment.
  case versionGone
  /// The client asked for it.
  case cancelled
  /// BIND named a model and alias that are not served.
  case unknownAlias
  /// BIND named an exact version that no alias points to.
  case unknownVersion
  /// The model's newest version has other columns than the handle was bound with.
  case rebindRequired
  /// What the model computed of the users' values is no number.
  case notFinite
  /// The frame's users, rows or bag values exceed what a batch of this model may hold.
  case tooManyRows

  /// The server has no place or no memory for another request.
  package static var full: Refusal {
    .overloaded(retryAfterMicroseconds: UInt32(ServingLimits.retryAfterMicrosecondsMin))
  }

  /// The code on the wire.
  package var code: ErrorCode {
    switch self {
    case .overloaded, .tooLate: .overloaded
    case .deadlineExceeded: .deadlineExceeded
    case .draining: .draining
    case .versionGone: .versionGone
    case .cancelled: .cancelled
    case .unknownAlias, .unknownVersion: .unknownObject
    case .rebindRequired: .rebindRequired
    case .notFinite: .internalError
    case .tooManyRows: .limit
    }
  }

  /// With a code that allows a retry here: when it makes sense, in microseconds.
  package var retryAfterMicroseconds: UInt32 {
    switch self {
    case .overloaded(let wait), .tooLate(let wait): wait
    case .versionGone: ServingLimits.versionGoneRetryMicroseconds
    case .deadlineExceeded, .draining, .cancelled, .unknownAlias, .unknownVersion,
      .rebindRequired, .notFinite, .tooManyRows:
      0
    }
  }

  /// What was wrong and what to do, for people.
  package var text: String {
    switch self {
    case .overloaded: "the queue is full; retry after the given time or ask another server"
    case .tooLate:
      "the waiting work takes longer than this deadline leaves; retry after the given time"
    case .deadlineExceeded: "the deadline passed before the frame was computed"
    case .draining: "the server is about to stop; send to another server"
    case .versionGone:
      "what this handle means is not served at the moment; the handle is good again when it is"
    case .cancelled: "cancelled, as the client asked"
    case .unknownAlias:
      "no such model and alias here; list them with tessera-registry list, then promote or correct"
    case .unknownVersion:
      "no alias points to this version; promote it under some alias, or bind the alias itself"
    case .rebindRequired: "the promoted version has another signature; BIND again and re-encode"
    case .notFinite:
      "the score is no finite number: a value of this user is too large for the model's weights"
    case .tooManyRows: "more rows or bag values than a batch of this model holds; split the frame"
    }
  }
}
