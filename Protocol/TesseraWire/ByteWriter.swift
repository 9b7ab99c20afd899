extension [UInt8] {
  /// Appends the integer's bytes, lowest first.
  @inlinable
  mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
    var rest = value
    for _ in 0..<MemoryLayout<T>.size {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }
}

/// Checks a name before it is written: 1…``Limits/nameBytesMax`` bytes.
func checkName(_ name: String, _ field: StaticString, column: Int? = nil) throws(WireError) {
  try checkCount(name.utf8.count, 1...Limits.nameBytesMax, field, column: column)
}

/// Checks a count before it is written.
func checkCount(
  _ count: Int, _ range: ClosedRange<Int>, _ field: StaticString, column: Int? = nil
) throws(WireError) {
  guard range.contains(count) else {
    throw WireError(
      .limit, column: column,
      "\(field) has \(count), not \(range.lowerBound)…\(range.upperBound)")
  }
}

extension String {
  /// As much of the text as fits, cut between two scalars.
  func prefix(utf8BytesMax: Int) -> Substring {
    guard utf8.count > utf8BytesMax else { return self[...] }
    var end = utf8.index(startIndex, offsetBy: utf8BytesMax)
    while end.samePosition(in: unicodeScalars) == nil { utf8.formIndex(before: &end) }
    return self[..<end]
  }
}

/// For messages: `0x0a`, as wide as the type.
func hex(_ value: some FixedWidthInteger & UnsignedInteger) -> String { "0x" + hexDigits(value) }

/// Lower-case digits, as many as the type has.
func hexDigits(_ value: some FixedWidthInteger & UnsignedInteger) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: value.bitWidth / 4 - digits.count) + digits
}
