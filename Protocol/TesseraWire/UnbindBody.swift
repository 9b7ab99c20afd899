/// UNBIND: gives a handle back. Answered by an empty UNBOUND.
public struct UnbindBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.unbind
  static let byteCount = 2

  /// What BOUND gave. The number is not given out again on this connection.
  public var handle: UInt16

  /// For this handle.
  public init(handle: UInt16) { self.handle = handle }

  /// - Throws: `MALFORMED`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    handle = try reader.integer(body, UInt16.self, "handle")
    try reader.end(body)
  }

  /// Never throws.
  public func encode(into bytes: inout [UInt8]) { bytes.appendLittleEndian(handle) }
}
