/// LIST: asks which objects and aliases there are, from the `first` entry on.
public struct ListBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.list
  static let byteCount = 3

  /// Only objects of this kind; nil = of every kind.
  public var objectKind: ObjectKind?
  /// The first entry wanted; a LISTED holds at most ``Limits/listEntriesMax``.
  public var first: Int

  /// A question.
  public init(_ objectKind: ObjectKind? = nil, first: Int = 0) {
    self.objectKind = objectKind
    self.first = first
  }

  /// - Throws: `MALFORMED`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    let kind = try reader.integer(body, UInt8.self, "object_kind")
    objectKind = kind == 0 ? nil : ObjectKind(rawValue: kind)
    first = Int(try reader.integer(body, UInt16.self, "first"))
    try reader.end(body)
  }

  /// Never throws.
  public func encode(into bytes: inout [UInt8]) {
    bytes.append(objectKind?.rawValue ?? 0)
    bytes.appendLittleEndian(UInt16(clamping: first))
  }
}
