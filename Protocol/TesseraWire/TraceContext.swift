/// The trace that a request belongs to: a W3C Trace Context (level 1, version 00) in 25 bytes.
public struct TraceContext: Hashable, Sendable, CustomStringConvertible {
  static let byteCount = 25

  /// The first eight bytes of the trace's id, the most significant first.
  public var traceIDHigh: UInt64
  /// The last eight bytes of the trace's id. Not all of the sixteen are zero.
  public var traceIDLow: UInt64
  /// The caller's span; not zero.
  public var parentID: UInt64
  /// Bit 0: sampled.
  public var flags: UInt8

  /// A context with its parts.
  public init(traceIDHigh: UInt64, traceIDLow: UInt64, parentID: UInt64, flags: UInt8) {
    self.traceIDHigh = traceIDHigh
    self.traceIDLow = traceIDLow
    self.parentID = parentID
    self.flags = flags
  }

  /// As the header `traceparent`.
  public var description: String {
    "00-\(hexDigits(traceIDHigh))\(hexDigits(traceIDLow))-\(hexDigits(parentID))-\(hexDigits(flags))"
  }

  init(_ body: RawSpan, _ reader: inout ByteReader) throws(WireError) {
    let start = try reader.skip(body, TraceContext.byteCount, "the trace context")
    traceIDHigh = body.littleEndian(at: start, as: UInt64.self).byteSwapped
    traceIDLow = body.littleEndian(at: start + 8, as: UInt64.self).byteSwapped
    parentID = body.littleEndian(at: start + 16, as: UInt64.self).byteSwapped
    flags = body.littleEndian(at: start + 24, as: UInt8.self)
    guard traceIDHigh | traceIDLow != 0 else {
      throw WireError(.badValue, offset: start, "the trace id is zero")
    }
    guard parentID != 0 else {
      throw WireError(.badValue, offset: start + 16, "the parent id is zero")
    }
  }

  func append(to bytes: inout [UInt8]) {
    bytes.appendLittleEndian(traceIDHigh.byteSwapped)
    bytes.appendLittleEndian(traceIDLow.byteSwapped)
    bytes.appendLittleEndian(parentID.byteSwapped)
    bytes.append(flags)
  }
}
