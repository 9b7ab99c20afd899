/// Reading and checking one column of a SCORE body.
extension ByteReader {
  /// The column that begins here; the reader moves behind it.
  mutating func column(
    _ body: RawSpan, kind: ColumnKind, rows: Int
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
      valueCount = sumOfBytes(body, counts..<counts + rows)
      guard valueCount <= Limits.bagValuesMax else {
        throw WireError(
          .limit, column: column, offset: counts,
          "\(valueCount) bag members in one column, at most \(Limits.bagValuesMax)")
      }
    }
    let lengthsOffset = offset
    var valuesByteCount = valueCount * encoding.valueByteCount
    if encoding == .string {
      let lengths = try skip(body, valueCount, "the string lengths")
      valuesByteCount = sumOfBytes(body, lengths..<lengths + valueCount)
    }
    let valuesOffset = try skip(body, valuesByteCount, "the values")
    let layout = ColumnLayout(
      encoding: encoding, isBag: isBag, rows: rows, offset: start, countsOffset: countsOffset,
      lengthsOffset: lengthsOffset, valuesOffset: valuesOffset, valueCount: valueCount,
      byteCount: offset - start)
    switch encoding {
    case .string: try checkStrings(body, layout)
    case .float16: try checkFinite(body, layout, UInt16.self, mask: 0x7FFF, infinity: 0x7C00)
    case .float32:
      try checkFinite(body, layout, UInt32.self, mask: 0x7FFF_FFFF, infinity: 0x7F80_0000)
    case .int8, .int16, .int32, .int64: break
    }
    return layout
  }

  private func sumOfBytes(_ body: RawSpan, _ range: Range<Int>) -> Int {
    var sum = 0
    for offset in range { sum += Int(body.littleEndian(at: offset, as: UInt8.self)) }
    return sum
  }

  private func checkFinite<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ body: RawSpan, _ layout: ColumnLayout, _ type: Bits.Type, mask: Bits, infinity: Bits
  ) throws(WireError) {
    for index in 0..<layout.valueCount {
      let place = layout.valuesOffset + index * MemoryLayout<Bits>.size
      guard body.littleEndian(at: place, as: type) & mask != infinity else {
        throw WireError(
          .badValue, column: column, offset: place,
          "row \(index) is infinite; send NaN for a missing value")
      }
    }
  }

  /// Each string by itself must be UTF-8: a scalar may not span two strings.
  private func checkStrings(_ body: RawSpan, _ layout: ColumnLayout) throws(WireError) {
    guard !UTF8Check.isASCII(body, layout.valuesOffset..<offset) else { return }
    var start = layout.valuesOffset
    for index in 0..<layout.valueCount {
      let count = Int(body.littleEndian(at: layout.lengthsOffset + index, as: UInt8.self))
      guard UTF8Check.isValid(body, start..<start + count) else {
        throw WireError(
          .badValue, column: column, offset: start, "string \(index) is not UTF-8")
      }
      start += count
    }
  }
}
