/// BOUND: a handle, and the signature that SCORE frames with this handle follow.
public struct BoundBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.bound
  static let fixedByteCount = 20

  /// What SCORE frames carry in place of the name; valid on this connection only.
  public var handle: UInt16
  /// The version that was live when BIND was answered. Each SCORES names its own.
  public var version: UInt32
  /// Columns, outputs and limits of the model.
  public var signature: Signature

  /// An answer to BIND.
  public init(handle: UInt16, version: UInt32, signature: Signature) {
    self.handle = handle
    self.version = version
    self.signature = signature
  }

  /// - Throws: `MALFORMED` (also when the signature does not have the hash it claims), `LIMIT`, `BAD_VALUE`.
  public init(decoding body: RawSpan) throws(WireError) {
    var reader = ByteReader()
    handle = try reader.integer(body, UInt16.self, "handle")
    version = try reader.integer(body, UInt32.self, "version")
    let hash = try reader.integer(body, UInt64.self, "signature_hash")
    let start = reader.offset
    signature = try Signature(body, &reader)
    try reader.end(body)
    guard FNV1a64.hash(body.extracting(start..<body.byteCount)) == hash else {
      throw WireError(.malformed, offset: 6, "the signature does not have the hash \(hex(hash))")
    }
  }

  /// - Throws: `LIMIT` for counts or names outside their limits.
  public func encode(into bytes: inout [UInt8]) throws(WireError) {
    try signature.check()
    bytes.appendLittleEndian(handle)
    bytes.appendLittleEndian(version)
    var encoded: [UInt8] = []
    signature.appendUnchecked(to: &encoded)
    // Integers have no padding that `bytes` could expose.
    unsafe bytes.appendLittleEndian(FNV1a64.hash(encoded.span.bytes))
    bytes.append(contentsOf: encoded)
  }
}

extension Signature {
  /// Checks counts and names against the protocol's limits.
  ///
  /// - Throws: `LIMIT`, or `BAD_VALUE` for a name that is there twice.
  public func check() throws(WireError) {
    guard columns.count <= Limits.columnsMax else {
      throw WireError(.limit, "the signature has \(columns.count) columns, at most 64")
    }
    guard (1...Limits.outputsMax).contains(outputs.count) else {
      throw WireError(.limit, "the signature has \(outputs.count) outputs, not 1…8")
    }
    guard (0...Limits.eventsMax).contains(eventsMax), (1...Limits.couponsMax).contains(couponsMax)
    else {
      throw WireError(
        .limit, "events_max is \(eventsMax) (0…1024), coupons_max is \(couponsMax) (1…1024)")
    }
    for (index, column) in columns.enumerated() {
      try checkName(column.name, "the column name", column: index)
    }
    for output in outputs { try checkName(output, "the output name") }
    guard Set(columns.map(\.name)).count == columns.count, Set(outputs).count == outputs.count
    else { throw WireError(.badValue, "the signature has a name twice") }
  }

  /// Appends the part of BOUND that the hash covers; names and counts that do not fit are cut.
  func appendUnchecked(to bytes: inout [UInt8]) {
    bytes.appendLittleEndian(UInt16(clamping: eventsMax))
    bytes.appendLittleEndian(UInt16(clamping: couponsMax))
    bytes.append(UInt8(clamping: columns.count))
    bytes.append(UInt8(clamping: outputs.count))
    for column in columns {
      bytes.append(column.axis.rawValue)
      bytes.append(column.kind.rawValue)
      bytes.append(UInt8(clamping: column.name.utf8.count))
      bytes.append(contentsOf: column.name.utf8)
    }
    for output in outputs {
      bytes.append(UInt8(clamping: output.utf8.count))
      bytes.append(contentsOf: output.utf8)
    }
  }

  /// Reads the part of BOUND that the hash covers.
  init(_ body: RawSpan, _ reader: inout ByteReader) throws(WireError) {
    eventsMax = Int(try reader.integer(body, UInt16.self, "events_max"))
    couponsMax = Int(try reader.integer(body, UInt16.self, "coupons_max"))
    let columnCount = Int(try reader.integer(body, UInt8.self, "columns"))
    let outputCount = Int(try reader.integer(body, UInt8.self, "outputs"))
    columns = []
    outputs = []
    for index in 0..<columnCount {
      reader.column = index
      let start = reader.offset
      let axis = Axis(rawValue: try reader.integer(body, UInt8.self, "axis"))
      let kind = ColumnKind(rawValue: try reader.integer(body, UInt8.self, "kind"))
      guard let axis, let kind else {
        throw WireError(.badValue, column: index, offset: start, "the axis or kind is unknown")
      }
      let name = try reader.name(body, "the column name")
      columns.append(Column(name: name, axis: axis, kind: kind))
    }
    reader.column = nil
    for _ in 0..<outputCount { outputs.append(try reader.name(body, "the output name")) }
    try check()
  }
}
