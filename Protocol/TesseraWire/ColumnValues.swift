/// The values of one column, for the encoder. The encoding is the narrowest that holds them exactly.
public enum ColumnValues: Hashable, Sendable {
  /// One integer per row.
  case integers([Int64])
  /// One float32 per row; NaN = missing.
  case numbers([Float])
  /// One string per row, each at most ``Limits/stringBytesMax`` bytes.
  case strings([String])
  /// 0…255 integers per row.
  case integerBags([[Int64]])
  /// 0…255 strings per row.
  case stringBags([[String]])
  /// `width` finite numbers per row, row after row.
  case vectors(width: Int, [Float])
  /// `width` signed bytes per row, row after row; a number is its byte times the scale of its row.
  case scaledVectors(width: Int, scales: [Float], values: [Int8])
  /// One text per row, each at most ``Limits/textValueBytesMax`` bytes.
  case texts([String])

  /// Rows of the column.
  public var rows: Int {
    switch self {
    case .integers(let values): values.count
    case .numbers(let values): values.count
    case .strings(let values): values.count
    case .integerBags(let values): values.count
    case .stringBags(let values): values.count
    case .vectors(let width, let values): width > 0 ? values.count / width : 0
    case .scaledVectors(_, let scales, _): scales.count
    case .texts(let values): values.count
    }
  }

  /// The kinds of column that take these values.
  private func fits(_ column: Column) -> Bool {
    switch self {
    case .integers: column.kind == .integer || column.kind == .number
    case .numbers: column.kind == .number
    case .strings: column.kind == .string
    case .integerBags: column.kind == .integerBag
    case .stringBags: column.kind == .stringBag
    case .vectors(let width, let values):
      column.kind == .vector && column.width == width && values.count % width == 0
    case .scaledVectors(let width, let scales, let values):
      column.kind == .vector && column.width == width && values.count == width * scales.count
    case .texts: column.kind == .text
    }
  }

  /// Appends encoding byte and payload.
  func encode(as column: Column, rows: Int, into bytes: inout [UInt8]) throws(WireError) {
    guard self.rows == rows else {
      throw WireError(
        .badValue, "column '\(column.name)' has \(self.rows) rows, its axis has \(rows)")
    }
    guard fits(column) else {
      throw WireError(
        .badValue,
        "column '\(column.name)' is of kind \(column.kind)"
          + (column.kind == .vector ? ", \(column.width) wide" : ""))
    }
    switch self {
    case .integers(let values): bytes.appendIntegers(values, bagCounts: nil)
    case .numbers(let values):
      try checkFinite(values, isNaNMissing: true)
      bytes.appendNumbers(values, in: Encoding.narrowest(for: values))
    case .strings(let values): try bytes.appendStrings(values, bagCounts: nil)
    case .integerBags(let bags):
      bytes.appendIntegers(Array(bags.joined()), bagCounts: try bagCounts(bags))
    case .stringBags(let bags):
      try bytes.appendStrings(Array(bags.joined()), bagCounts: try bagCounts(bags))
    case .vectors(_, let values):
      try checkFinite(values, isNaNMissing: false)
      let isHalf = values.allSatisfy { Float(Float16($0)) == $0 }
      bytes.appendNumbers(values, in: isHalf ? .float16 : .float32)
    case .scaledVectors(_, let scales, let values):
      try checkFinite(scales, isNaNMissing: false)
      bytes.append(Encoding.scaledInt8.rawValue)
      for scale in scales { bytes.appendLittleEndian(scale.bitPattern) }
      for value in values { bytes.append(UInt8(bitPattern: value)) }
    case .texts(let values): try bytes.appendTexts(values)
    }
  }

  private func checkFinite(_ values: [Float], isNaNMissing: Bool) throws(WireError) {
    guard let index = values.firstIndex(where: { $0.isInfinite || $0.isNaN && !isNaNMissing })
    else { return }
    throw WireError(
      .badValue,
      "number \(index) is \(values[index].isInfinite ? "infinite" : "no number")"
        + (isNaNMissing ? "; send NaN for a missing value" : ", which a vector may not hold"))
  }

  private func bagCounts<T>(_ bags: [[T]]) throws(WireError) -> [UInt8] {
    var total = 0
    var counts: [UInt8] = []
    for (row, bag) in bags.enumerated() {
      guard bag.count <= Limits.bagMembersMax else {
        throw WireError(
          .limit, "row \(row) has \(bag.count) members, at most \(Limits.bagMembersMax)")
      }
      counts.append(UInt8(bag.count))
      total += bag.count
    }
    guard total <= Limits.bagValuesMax else {
      throw WireError(.limit, "\(total) bag members in one column, at most \(Limits.bagValuesMax)")
    }
    return counts
  }
}

extension Encoding {
  /// The narrowest integer encoding that holds every value.
  static func narrowest(for values: [Int64]) -> Encoding {
    // Folding the sign away leaves the highest bit that any value needs.
    let needed = values.reduce(UInt64(0)) { $0 | UInt64(bitPattern: $1 ^ ($1 >> 63)) }
    return switch 64 - needed.leadingZeroBitCount {
    case ...7: .int8
    case ...15: .int16
    case ...31: .int32
    // Every wider number: a range ends the set, it has no cases to list.
    default: .int64
    }
  }

  /// The narrowest encoding that holds every value exactly: int8 or int16 for small whole numbers,
  /// float16 where nothing is rounded away, else float32. A NaN or −0 needs a float.
  static func narrowest(for values: [Float]) -> Encoding {
    var isInt8 = true
    var isInt16 = true
    var isFloat16 = true
    for value in values {
      let isNegativeZero = value == 0 && value.sign == .minus
      isInt8 = isInt8 && !isNegativeZero && Int8(exactly: value) != nil
      isInt16 = isInt16 && !isNegativeZero && Int16(exactly: value) != nil
      isFloat16 = isFloat16 && (value.isNaN || Float(Float16(value)) == value)
    }
    return isInt8 ? .int8 : isInt16 ? .int16 : isFloat16 ? .float16 : .float32
  }
}

extension [UInt8] {
  fileprivate mutating func appendEncoding(_ encoding: Encoding, bagCounts: [UInt8]?) {
    append(encoding.rawValue | (bagCounts == nil ? 0 : Encoding.bagBit))
    append(contentsOf: bagCounts ?? [])
  }

  fileprivate mutating func appendIntegers(_ values: [Int64], bagCounts: [UInt8]?) {
    let encoding = Encoding.narrowest(for: values)
    appendEncoding(encoding, bagCounts: bagCounts)
    reserveCapacity(count + values.count * encoding.valueByteCount)
    switch encoding {
    case .int8: for value in values { append(UInt8(truncatingIfNeeded: value)) }
    case .int16: for value in values { appendLittleEndian(Int16(truncatingIfNeeded: value)) }
    case .int32: for value in values { appendLittleEndian(Int32(truncatingIfNeeded: value)) }
    case .int64: for value in values { appendLittleEndian(value) }
    case .float16, .float32, .string, .scaledInt8, .text:
      preconditionFailure("no integer encoding")
    }
  }

  fileprivate mutating func appendNumbers(_ values: [Float], in encoding: Encoding) {
    appendEncoding(encoding, bagCounts: nil)
    reserveCapacity(count + values.count * encoding.valueByteCount)
    switch encoding {
    case .int8: for value in values { append(UInt8(bitPattern: Int8(value))) }
    case .int16: for value in values { appendLittleEndian(Int16(value)) }
    case .float16: for value in values { appendLittleEndian(Float16(value).bitPattern) }
    case .float32: for value in values { appendLittleEndian(value.bitPattern) }
    case .int32, .int64, .string, .scaledInt8, .text:
      preconditionFailure("no encoding that is chosen for numbers")
    }
  }

  fileprivate mutating func appendStrings(
    _ values: [String], bagCounts: [UInt8]?
  ) throws(WireError) {
    if let index = values.firstIndex(where: { $0.utf8.count > Limits.stringBytesMax }) {
      throw WireError(
        .limit,
        "string \(index) has \(values[index].utf8.count) bytes, at most \(Limits.stringBytesMax)")
    }
    appendEncoding(.string, bagCounts: bagCounts)
    for value in values { append(UInt8(value.utf8.count)) }
    for value in values { append(contentsOf: value.utf8) }
  }

  fileprivate mutating func appendTexts(_ values: [String]) throws(WireError) {
    if let row = values.firstIndex(where: { $0.utf8.count > Limits.textValueBytesMax }) {
      throw WireError(
        .limit,
        "text \(row) has \(values[row].utf8.count) bytes, at most \(Limits.textValueBytesMax)")
    }
    appendEncoding(.text, bagCounts: nil)
    for value in values { appendLittleEndian(UInt16(value.utf8.count)) }
    for value in values { append(contentsOf: value.utf8) }
  }
}
