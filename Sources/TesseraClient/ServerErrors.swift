// The codes of ERROR frames in the words of this library.

package import TesseraWire

extension TesseraClientError {
  /// What an ERROR frame means to the caller of the library. `signature` turns the column's number into its
  /// name; `context` says what had been asked.
  package init(_ body: ErrorBody, during context: String, signature: Signature? = nil) {
    let code: Code =
      switch body.code {
      case .unsupportedProtocol: .unsupportedVersion
      case .unauthenticated: .unauthenticated
      case .unknownObject: .unknownModel
      case .versionGone: .versionGone
      case .cancelled: .cancelled
      case .overloaded: .overloaded
      case .deadlineExceeded: .deadlineExceeded
      case .rebindRequired, .unknownHandle: .rebindRequired
      case .draining: .draining
      case .tooManyInFlight: .tooManyInFlight
      case .malformed, .limit, .badValue: .refused
      case .badFrame, .expectedHello: .protocolViolation
      case .timeout: .connectionLost
      // Codes are an open set: INTERNAL, and whatever a newer server may say, are treated alike.
      default: .serverFailure
      }
    var column: String?
    if let index = body.column {
      column =
        signature.flatMap { index < $0.columns.count ? $0.columns[index].name : nil }
        ?? "number \(index)"
    }
    self.init(
      code, "the server refused \(context) with \(body.code.name): \(body.text)",
      retryAfter: body.retryAfterMicroseconds == 0
        ? nil : .microseconds(Int64(body.retryAfterMicroseconds)),
      column: column, offset: body.offset)
  }

  /// What a frame that could not be encoded or decoded means.
  init(_ code: Code, _ error: WireError, signature: Signature? = nil) {
    var column: String?
    if let index = error.column, let signature, index < signature.columns.count {
      column = signature.columns[index].name
    }
    self.init(code, error.message, column: column, offset: error.offset, underlying: error)
  }
}
