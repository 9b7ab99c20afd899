/// BOUND: a handle, and the signature that SCORE frames with this handle follow.
public struct BoundBody: FrameBody {
  /// See ``FrameBody``.
  public static let kind = FrameKind.bound
  /// Bytes before the part that the hash covers.
  private static let hashedOffset = 14
  static let byteCountMax = hashedOffset + Signature.byteCountMax

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
  /// Bytes of a column or an output before its name.
  private static let fieldByteCount = 5
  /// The longest part of BOUND that the hash covers.
  static let byteCountMax =
    7 + (Limits.columnsMax + Limits.outputsMax) * (fieldByteCount + Limits.nameBytesMax)

  /// Checks counts, widths and names against the protocol's limits.
  ///
  /// - Throws: `LIMIT`; `BAD_VALUE` for a name that is there twice or an output on the event axis.
  public func check() throws(WireError) {
    try checkCount(columns.count, 0...Limits.columnsMax, "columns")
    try checkCount(outputs.count, 1...Limits.outputsMax, "outputs")
    try checkCount(eventsMax, 0...Limits.eventsMax, "events_max")
    try checkCount(couponsMax, uses(.coupon) ? 1...Limits.couponsMax : 0...0, "coupons_max")
    for (index, column) in columns.enumerated() {
      try checkName(column.name, "the column name", column: index)
      try checkCount(column.width, column.kind.widths, "the column's width", column: index)
    }
    for output in outputs {
      try checkName(output.name, "the output name")
      try checkCount(output.width, output.meaning.widths, "the output's width")
      guard output.axis != .event else {
        throw WireError(.badValue, "an output lies on the user axis or on the coupon axis")
      }
    }
    guard Set(columns.map(\.name)).count == columns.count,
      Set(outputs.map(\.name)).count == outputs.count
    else { throw WireError(.badValue, "the signature has a name twice") }
  }

  /// Appends the part of BOUND that the hash covers; names and counts that do not fit are cut.
  func appendUnchecked(to bytes: inout [UInt8]) {
    bytes.appendLittleEndian(UInt16(clamping: eventsMax))
    bytes.appendLittleEndian(UInt16(clamping: couponsMax))
    bytes.appendLittleEndian(UInt16(clamping: columns.count))
    bytes.append(UInt8(clamping: outputs.count))
    for column in columns {
      bytes.appendField(column.axis.rawValue, column.kind.rawValue, column.width, column.name)
    }
    for output in outputs {
      bytes.appendField(output.axis.rawValue, output.meaning.rawValue, output.width, output.name)
    }
  }

  /// Reads the part of BOUND that the hash covers.
  init(_ body: RawSpan, _ reader: inout ByteReader) throws(WireError) {
    eventsMax = try reader.count(body, UInt16.self, 0...Limits.eventsMax, "events_max")
    let couponsOffset = reader.offset
    couponsMax = try reader.count(body, UInt16.self, 0...Limits.couponsMax, "coupons_max")
    let columnCount = try reader.count(body, UInt16.self, 0...Limits.columnsMax, "columns")
    let outputCount = try reader.count(body, UInt8.self, 1...Limits.outputsMax, "outputs")
    columns = []
    outputs = []
    var names: Set<String> = []
    for index in 0..<columnCount {
      reader.column = index
      let axis = try reader.known(body, Axis.self, "the axis")
      let kind = try reader.known(body, ColumnKind.self, "the kind")
      let width = try reader.count(body, UInt16.self, kind.widths, "the width")
      let name = try reader.newName(body, "the column name", in: &names)
      columns.append(Column(name: name, axis: axis, kind: kind, width: width))
    }
    reader.column = nil
    names = []
    for _ in 0..<outputCount {
      let start = reader.offset
      let axis = try reader.known(body, Axis.self, "the axis")
      guard axis != .event else {
        throw WireError(
          .badValue, offset: start, "an output lies on the user axis or on the coupon axis")
      }
      let meaning = try reader.known(body, Output.Meaning.self, "the meaning")
      let width = try reader.count(body, UInt16.self, meaning.widths, "the width")
      let name = try reader.newName(body, "the output name", in: &names)
      outputs.append(Output(name: name, axis: axis, meaning: meaning, width: width))
    }
    guard (couponsMax > 0) == uses(.coupon) else {
      throw WireError(
        .limit, offset: couponsOffset,
        "coupons_max is \(couponsMax); it is 0 exactly where nothing lies on the coupon axis")
    }
  }
}

extension ColumnKind {
  fileprivate var widths: ClosedRange<Int> { self == .vector ? 1...Limits.vectorWidthMax : 1...1 }
}

extension Output.Meaning {
  fileprivate var widths: ClosedRange<Int> { self == .vector ? 1...Limits.vectorWidthMax : 1...1 }
}

extension ByteReader {
  /// A byte that must be one of the type's numbers.
  fileprivate mutating func known<Value: RawRepresentable<UInt8>>(
    _ body: RawSpan, _ type: Value.Type, _ field: StaticString
  ) throws(WireError) -> Value {
    let start = offset
    let number = try integer(body, UInt8.self, field)
    guard let value = Value(rawValue: number) else {
      throw WireError(
        .badValue, column: column, offset: start, "\(field) \(number) is unknown")
    }
    return value
  }

  /// A name that was not there before.
  fileprivate mutating func newName(
    _ body: RawSpan, _ field: StaticString, in names: inout Set<String>
  ) throws(WireError) -> String {
    let start = offset
    let name = try name(body, field)
    guard names.insert(name).inserted else {
      throw WireError(
        .badValue, column: column, offset: start, "\(field) '\(name)' is there twice")
    }
    return name
  }
}

extension [UInt8] {
  /// A column or an output; a name that does not fit is cut.
  fileprivate mutating func appendField(
    _ axis: UInt8, _ meaning: UInt8, _ width: Int, _ name: String
  ) {
    append(axis)
    append(meaning)
    appendLittleEndian(UInt16(clamping: width))
    append(UInt8(clamping: name.utf8.count))
    append(contentsOf: name.utf8)
  }
}
