/// Reading and checking one column of a SCORE body.
extension ByteReader {
  /// The column that begins here; the reader moves behind it.
  mutating func column(
    _ body: RawSpan, kind: ColumnKind, width: Int, rows: Int
  ) throws(WireError) -> ColumnLayout {
    let start = offset
    let byte = try integer(body, UInt8.self, "encoding")
    let isBag = byte & Encoding.bagBit != 0
    guard let encoding = Encoding(rawValue: byte & ~Encoding.bagBit) else {
      throw WireError(
        .badValue, column: column, offset: start, "the encoding \(hex(byte)) is unknown")
    }
    guard kind.accepts(encoding, bag: isBag) else {
      throw WireError(
        .badValue, column: column, offset: start,
        "a column of kind \(kind) does not accept the encoding \(hex(byte))")
    }
    let countsOffset = offset
    var valueCount = rows
    if isBag {
      let counts = try skip(body, rows, "the counts")
      valueCount = body.sumOfBytes(counts..<counts + rows)
      guard valueCount <= Limits.bagValuesMax else {
        throw WireError(
          .limit, column: column, offset: counts,
          "\(valueCount) bag members in one column, at most \(Limits.bagValuesMax)")
      }
    }
    let prefixesOffset = try skip(
      body, valueCount * encoding.prefixByteCount, "the lengths or scales")
    let valuesByteCount =
      switch encoding {
      case .int8, .int16, .int32, .int64, .float16, .float32, .scaledInt8:
        valueCount * width * encoding.valueByteCount
      case .string: body.sumOfBytes(prefixesOffset..<offset)
      case .text: try textByteCount(body, lengths: prefixesOffset, count: valueCount)
      }
    let valuesOffset = try skip(body, valuesByteCount, "the values")
    let layout = ColumnLayout(
      encoding: encoding, isBag: isBag, rows: rows, width: width, offset: start,
      countsOffset: countsOffset, prefixesOffset: prefixesOffset, valuesOffset: valuesOffset,
      valueCount: valueCount, byteCount: offset - start)
    try check(body, layout, isNaNMissing: kind == .number)
    return layout
  }

  /// The bytes of all texts together.
  private func textByteCount(
    _ body: RawSpan, lengths: Int, count: Int
  ) throws(WireError) -> Int {
    var sum = 0
    for index in 0..<count {
      let place = lengths + 2 * index
      let length = Int(body.littleEndian(at: place, as: UInt16.self))
      guard length <= Limits.textValueBytesMax else {
        throw WireError(
          .limit, column: column, offset: place,
          "text \(index) has \(length) bytes, at most \(Limits.textValueBytesMax)")
      }
      sum += length
    }
    return sum
  }

  private func check(
    _ body: RawSpan, _ layout: ColumnLayout, isNaNMissing: Bool
  ) throws(WireError) {
    let count = layout.valueCount * layout.width
    switch layout.encoding {
    case .int8, .int16, .int32, .int64: break
    case .string, .text: try checkUTF8(body, layout)
    case .float16:
      try checkFinite(
        body, at: layout.valuesOffset, count, UInt16.self, infinity: 0x7C00, isNaNMissing)
    case .float32:
      try checkFinite(
        body, at: layout.valuesOffset, count, UInt32.self, infinity: 0x7F80_0000, isNaNMissing)
    case .scaledInt8:
      try checkFinite(
        body, at: layout.prefixesOffset, layout.valueCount, UInt32.self, infinity: 0x7F80_0000,
        false)
    }
  }

  /// An infinity has all bits of the exponent set and no other but the sign; a NaN has others, too.
  private func checkFinite<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ body: RawSpan, at start: Int, _ count: Int, _ type: Bits.Type, infinity: Bits,
    _ isNaNMissing: Bool
  ) throws(WireError) {
    for index in 0..<count {
      let place = start + index * MemoryLayout<Bits>.size
      let bits = body.littleEndian(at: place, as: type)
      guard bits & infinity == infinity else { continue }
      guard bits & (Bits.max >> 1) != infinity else {
        throw WireError(
          .badValue, column: column, offset: place,
          "number \(index) is infinite"
            + (isNaNMissing ? "; send NaN for a missing value" : ""))
      }
      guard isNaNMissing else {
        throw WireError(
          .badValue, column: column, offset: place, "number \(index) of a vector is no number")
      }
    }
  }

  /// Each string by itself must be UTF-8: a scalar may not span two strings.
  private func checkUTF8(_ body: RawSpan, _ layout: ColumnLayout) throws(WireError) {
    guard !UTF8Check.isASCII(body, layout.valuesOffset..<offset) else { return }
    var start = layout.valuesOffset
    for index in 0..<layout.valueCount {
      let count = layout.length(of: index, in: body)
      guard UTF8Check.isValid(body, start..<start + count) else {
        throw WireError(
          .badValue, column: column, offset: start, "string \(index) is not UTF-8")
      }
      start += count
    }
  }
}

extension ColumnLayout {
  /// Bytes of a string or a text. Traps for other encodings and for a body that was not decoded.
  public func length(of value: Int, in body: RawSpan) -> Int {
    if encoding == .text {
      return Int(body.littleEndian(at: prefixesOffset + 2 * value, as: UInt16.self))
    }
    precondition(encoding == .string, "only strings and texts have lengths")
    return Int(body.littleEndian(at: prefixesOffset + value, as: UInt8.self))
  }
}

extension RawSpan {
  /// The sum of the bytes of a range, which must lie in the span.
  func sumOfBytes(_ range: Range<Int>) -> Int {
    var sum = 0
    for offset in range { sum += Int(littleEndian(at: offset, as: UInt8.self)) }
    return sum
  }
}
