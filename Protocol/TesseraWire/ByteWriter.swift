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

  /// Appends a length byte and the name's bytes.
  mutating func appendName(_ name: String) {
    append(UInt8(name.utf8.count))
    append(contentsOf: name.utf8)
  }
}

/// Checks a name before it is written: 1…64 bytes.
func checkName(_ name: String, _ field: StaticString, column: Int? = nil) throws(WireError) {
  guard (1...Limits.nameBytesMax).contains(name.utf8.count) else {
    throw WireError(
      .limit, column: column, "\(field) '\(name)' has \(name.utf8.count) bytes, not 1…64")
  }
}

/// For messages: `0x0A`, as wide as the type.
func hex(_ value: some FixedWidthInteger & UnsignedInteger) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return "0x" + String(repeating: "0", count: value.bitWidth / 4 - digits.count) + digits
}
