/// Bytes of the fuzzer as a sequence of choices. Where they have ended, everything is 0.
struct FuzzedInput {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  var isEmpty: Bool { bytes.isEmpty }

  mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

  mutating func bool() -> Bool { byte() & 1 == 1 }

  /// Little-endian.
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
    var value: T = 0
    for shift in stride(from: 0, to: T.bitWidth, by: 8) {
      value |= T(truncatingIfNeeded: byte()) << T(truncatingIfNeeded: shift)
    }
    return value
  }

  mutating func choice<Element>(of elements: [Element]) -> Element {
    elements[Int(byte()) % elements.count]
  }

  /// As many as there are, at most `count`.
  mutating func take(_ count: Int) -> [UInt8] {
    defer { bytes = bytes.dropFirst(count) }
    return Array(bytes.prefix(count))
  }

  /// Bytes with their count, two bytes, before them.
  mutating func block() -> [UInt8] { take(Int(integer(UInt16.self))) }

  mutating func rest() -> [UInt8] { take(bytes.count) }
}
