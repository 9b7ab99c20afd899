/// ERROR: why a request was refused.
public struct ErrorBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.error
  static let fixedByteCount = 14

  /// The reason.
  public var code: ErrorCode
  /// The column's index in the signature, when one column is to blame.
  public var column: Int?
  /// The byte of the refused frame's body.
  public var offset: Int?
  /// When to try again; 0 = do not, or not applicable.
  public var retryAfterMicroseconds: UInt32
  /// For people. Longer than 512 bytes is cut when it is encoded.
  public var text: String

  /// An answer with its parts.
  public init(
    code: ErrorCode, column: Int? = nil, offset: Int? = nil, retryAfterMicroseconds: UInt32 = 0,
    text: String
  ) {
    self.code = code
    self.column = column
    self.offset = offset
    self.retryAfterMicroseconds = retryAfterMicroseconds
    self.text = text
  }

  /// The answer to a frame that could not be decoded.
  public init(_ error: WireError) {
    self.init(
      code: error.code, column: error.column, offset: error.offset, text: error.message)
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    code = ErrorCode(rawValue: try reader.integer(body, UInt16.self, "code"))
    let column = try reader.integer(body, UInt16.self, "column")
    self.column = column == .max ? nil : Int(column)
    let offset = try reader.integer(body, UInt32.self, "offset")
    self.offset = offset == .max ? nil : Int(offset)
    retryAfterMicroseconds = try reader.integer(body, UInt32.self, "retry_after_us")
    text = try reader.longText(body)
    try reader.end(body)
  }

  /// Never fails: this is the way out when something else has.
  public func encode(into bytes: inout [UInt8]) {
    bytes.appendLittleEndian(code.rawValue)
    bytes.appendLittleEndian(column.map { UInt16(clamping: $0) } ?? .max)
    bytes.appendLittleEndian(offset.map { UInt32(clamping: $0) } ?? .max)
    bytes.appendLittleEndian(retryAfterMicroseconds)
    bytes.appendLongText(text)
  }

  /// Appends a whole frame. Never fails.
  public func encodeFrame(requestID: UInt64, into bytes: inout [UInt8]) {
    let start = Frame.begin(in: &bytes)
    encode(into: &bytes)
    Frame.end(ErrorBody.kind, requestID: requestID, startedAt: start, in: &bytes)
  }
}

/// GOAWAY: this connection ends soon, and why. Its request id is 0.
public struct GoAwayBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.goAway
  static let fixedByteCount = 4

  /// The reason.
  public var code: ErrorCode
  /// For people. Longer than 512 bytes is cut when it is encoded.
  public var text: String

  /// A farewell.
  public init(code: ErrorCode, text: String) {
    self.code = code
    self.text = text
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    code = ErrorCode(rawValue: try reader.integer(body, UInt16.self, "code"))
    text = try reader.longText(body)
    try reader.end(body)
  }

  /// Never fails.
  public func encode(into bytes: inout [UInt8]) {
    bytes.appendLittleEndian(code.rawValue)
    bytes.appendLongText(text)
  }

  /// Appends a whole frame, with request id 0. Never fails.
  public func encodeFrame(into bytes: inout [UInt8]) {
    let start = Frame.begin(in: &bytes)
    encode(into: &bytes)
    Frame.end(GoAwayBody.kind, requestID: 0, startedAt: start, in: &bytes)
  }
}

extension ByteReader {
  /// A 16-bit length and a text of at most 512 bytes.
  fileprivate mutating func longText(_ body: RawSpan) throws(WireError) -> String {
    let start = offset
    let count = Int(try integer(body, UInt16.self, "text_length"))
    guard count <= Limits.textBytesMax else {
      throw WireError(.limit, offset: start, "the text has \(count) bytes, at most 512")
    }
    return try text(body, count, "text")
  }
}

extension [UInt8] {
  /// Appends a 16-bit length and the text, cut between two scalars when it is longer than 512 bytes.
  fileprivate mutating func appendLongText(_ text: String) {
    var end = text.utf8.count
    if end > Limits.textBytesMax {
      var index = text.utf8.index(text.startIndex, offsetBy: Limits.textBytesMax)
      while index.samePosition(in: text.unicodeScalars) == nil {
        text.utf8.formIndex(before: &index)
      }
      end = text.utf8.distance(from: text.startIndex, to: index)
    }
    appendLittleEndian(UInt16(end))
    append(contentsOf: text.utf8.prefix(end))
  }
}
