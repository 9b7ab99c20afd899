extension ScoreBody {
  /// Reads a whole body into values: for tools and tests. Servers use ``ScoreLayout``, which copies nothing.
  ///
  /// - Throws: what ``ScoreLayout/decode(_:signature:limits:)`` throws.
  /// - Cost: allocates every value.
  public init(
    decoding body: RawSpan, signature: Signature, limits: FrameLimits = .standard
  ) throws(WireError) {
    var layout = ScoreLayout()
    try layout.decode(body, signature: signature, limits: limits)
    var users: [User] = []
    for index in 0..<layout.users {
      let record = layout.userRecord(index, in: body)
      users.append(User(key: record.key, events: record.events, coupons: record.coupons))
    }
    var columns: [ColumnValues] = []
    for (column, place) in zip(signature.columns, layout.columns) {
      columns.append(ColumnValues(body, place, kind: column.kind))
    }
    self.init(
      handle: UInt16(layout.handle), deadlineMicroseconds: UInt32(layout.deadlineMicroseconds),
      trace: layout.trace, users: users, columns: columns)
  }
}

extension ColumnValues {
  /// Reads a column that has been checked.
  init(_ body: RawSpan, _ layout: ColumnLayout, kind: ColumnKind) {
    switch kind {
    case .integer: self = .integers(layout.integers(body))
    case .number: self = .numbers(layout.numbers(body))
    case .string: self = .strings(layout.strings(body))
    case .integerBag: self = .integerBags(layout.bags(body, of: layout.integers(body)))
    case .stringBag: self = .stringBags(layout.bags(body, of: layout.strings(body)))
    case .text: self = .texts(layout.strings(body))
    case .vector where layout.encoding == .scaledInt8:
      self = .scaledVectors(
        width: layout.width,
        scales: (0..<layout.rows).map { body.float32(at: layout.prefixesOffset + 4 * $0) },
        values: (0..<layout.rows * layout.width).map {
          body.littleEndian(at: layout.valuesOffset + $0, as: Int8.self)
        })
    case .vector: self = .vectors(width: layout.width, layout.numbers(body))
    }
  }
}

extension ColumnLayout {
  fileprivate func integers(_ body: RawSpan) -> [Int64] {
    (0..<valueCount).map { index in
      let place = valuesOffset + index * encoding.valueByteCount
      return switch encoding {
      case .int8: Int64(body.littleEndian(at: place, as: Int8.self))
      case .int16: Int64(body.littleEndian(at: place, as: Int16.self))
      case .int32: Int64(body.littleEndian(at: place, as: Int32.self))
      case .int64: body.littleEndian(at: place, as: Int64.self)
      case .float16, .float32, .string, .scaledInt8, .text:
        preconditionFailure("no column of integers accepts this encoding")
      }
    }
  }

  fileprivate func numbers(_ body: RawSpan) -> [Float] {
    switch encoding {
    case .float16: (0..<valueCount * width).map { Float(body.float16(at: valuesOffset + 2 * $0)) }
    case .float32: (0..<valueCount * width).map { body.float32(at: valuesOffset + 4 * $0) }
    case .int8, .int16, .int32, .int64: integers(body).map { Float($0) }
    case .string, .scaledInt8, .text:
      preconditionFailure("no column of numbers accepts this encoding")
    }
  }

  fileprivate func strings(_ body: RawSpan) -> [String] {
    var start = valuesOffset
    return (0..<valueCount).map { index in
      let count = length(of: index, in: body)
      defer { start += count }
      return UTF8Check.string(body, start..<start + count) ?? ""
    }
  }

  fileprivate func bags<Value>(_ body: RawSpan, of values: [Value]) -> [[Value]] {
    var start = 0
    return (0..<rows).map { row in
      let count = Int(body.littleEndian(at: countsOffset + row, as: UInt8.self))
      defer { start += count }
      return Array(values[start..<start + count])
    }
  }
}
