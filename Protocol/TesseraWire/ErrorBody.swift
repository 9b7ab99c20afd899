/// ERROR: why a request was refused.
public struct ErrorBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.error
  static let fixedByteCount = 16
  static let byteCountMax = fixedByteCount + Limits.textBytesMax

  /// The reason.
  public var code: ErrorCode
  /// Where and when it makes sense to send the same again.
  public var retry: Retry
  /// The column's index in the signature, when one column is to blame.
  public var column: Int?
  /// The byte of the refused frame's body.
  public var offset: Int?
  /// With ``Retry/here``: how long to wait before; 0 = until another answer has come.
  public var retryAfterMicroseconds: UInt32
  /// For people. Cut at ``Limits/textBytesMax`` bytes when it is encoded.
  public var text: String

  /// An answer with its parts; `retry` is that of the code unless another is given.
  public init(
    code: ErrorCode, retry: Retry? = nil, column: Int? = nil, offset: Int? = nil,
    retryAfterMicroseconds: UInt32 = 0, text: String
  ) {
    self.code = code
    self.retry = retry ?? code.retry
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
    retry = try reader.retry(body)
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
    bytes.append(retry.rawValue)
    bytes.append(0)
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
  static let fixedByteCount = 10
  static let byteCountMax = fixedByteCount + Limits.textBytesMax

  /// The reason.
  public var code: ErrorCode
  /// Where and when it makes sense to connect again.
  public var retry: Retry
  /// With ``Retry/here``: how long to wait before.
  public var retryAfterMicroseconds: UInt32
  /// For people. Cut at ``Limits/textBytesMax`` bytes when it is encoded.
  public var text: String

  /// A farewell; `retry` is that of the code unless another is given.
  public init(
    code: ErrorCode, retry: Retry? = nil, retryAfterMicroseconds: UInt32 = 0, text: String
  ) {
    self.code = code
    self.retry = retry ?? code.retry
    self.retryAfterMicroseconds = retryAfterMicroseconds
    self.text = text
  }

  /// - Throws: `MALFORMED`, `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    code = ErrorCode(rawValue: try reader.integer(body, UInt16.self, "code"))
    retry = try reader.retry(body)
    retryAfterMicroseconds = try reader.integer(body, UInt32.self, "retry_after_us")
    text = try reader.longText(body)
    try reader.end(body)
  }

  /// Never fails.
  public func encode(into bytes: inout [UInt8]) {
    bytes.appendLittleEndian(code.rawValue)
    bytes.append(retry.rawValue)
    bytes.append(0)
    bytes.appendLittleEndian(retryAfterMicroseconds)
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
  /// A 16-bit length and a text of at most ``Limits/textBytesMax`` bytes.
  fileprivate mutating func longText(_ body: RawSpan) throws(WireError) -> String {
    let count = try count(body, UInt16.self, 0...Limits.textBytesMax, "text_length")
    return try text(body, count, "text")
  }

  fileprivate mutating func retry(_ body: RawSpan) throws(WireError) -> Retry {
    let number = try integer(body, UInt8.self, "retry")
    let reservedOffset = offset
    guard try integer(body, UInt8.self, "reserved") == 0 else {
      throw WireError(.malformed, offset: reservedOffset, "the reserved byte is not 0")
    }
    // A newer server may know another way; a client that does not know it had better not try again.
    return Retry(rawValue: number) ?? .never
  }
}

extension [UInt8] {
  /// Appends a 16-bit length and the text, cut where it is too long.
  fileprivate mutating func appendLongText(_ text: String) {
    let text = text.prefix(utf8BytesMax: Limits.textBytesMax)
    appendLittleEndian(UInt16(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}
