internal import ModelGraph
internal import TesseraWire

/// From a raw id to a row of a table: 0 for what is not known. Immutable; looking up allocates nothing.
enum IDLookup: Sendable {
  case strings(StringVocabulary)
  case integers(IntegerVocabulary)
  case hashedStrings(buckets: UInt64)
  case hashedIntegers(buckets: UInt64)

  init(_ source: IDSource) {
    self =
      switch source {
      case .strings(let values): .strings(StringVocabulary(values))
      case .integers(let values): .integers(IntegerVocabulary(values))
      case .hashedStrings(let buckets): .hashedStrings(buckets: UInt64(buckets))
      case .hashedIntegers(let buckets): .hashedIntegers(buckets: UInt64(buckets))
      }
  }

  /// Row of an integer id. Traps for a lookup of strings: the wire decoder has checked the encoding.
  func row(of value: Int64) -> Int32 {
    switch self {
    case .integers(let vocabulary): vocabulary.row(of: value)
    case .hashedIntegers(let buckets): Int32(1 + FNV1a64.hash(value) % buckets)
    case .strings, .hashedStrings: preconditionFailure("an integer in a column of strings")
    }
  }

  /// Row of the string whose bytes are given. Traps for a lookup of integers.
  func row(of bytes: RawSpan) -> Int32 {
    switch self {
    case .strings(let vocabulary): vocabulary.row(of: bytes)
    case .hashedStrings(let buckets): Int32(1 + FNV1a64.hash(bytes) % buckets)
    case .integers, .hashedIntegers: preconditionFailure("a string in a column of integers")
    }
  }
}

/// Strings by their bytes, in an open-addressed table at most half full.
///
/// The hash is the table's own: eight bytes a step, where FNV-1a takes one (its place is in hash buckets,
/// which the format defines). Who sends strings cannot lengthen the chains: nothing is added to them.
struct StringVocabulary: Sendable {
  /// 1 + position in the vocabulary; 0 = empty.
  private let slots: [Int32]
  /// The upper half of the hash of the entry in the slot: most misses end here.
  private let tags: [UInt32]
  /// Entry i has the bytes offsets[i] ..< offsets[i + 1].
  private let offsets: [Int32]
  private let bytes: [UInt8]

  init(_ values: [String]) {
    var slots = [Int32](repeating: 0, count: tableSize(values.count))
    var tags = [UInt32](repeating: 0, count: slots.count)
    var offsets: [Int32] = [0]
    var bytes: [UInt8] = []
    for (index, value) in values.enumerated() {
      let entry = Array(value.utf8)
      bytes += entry
      offsets.append(Int32(bytes.count))
      // Bytes have no padding that `bytes` could expose.
      let hash = unsafe Self.hash(entry.span.bytes)
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index + 1)
      tags[slot] = UInt32(truncatingIfNeeded: hash >> 32)
    }
    (self.slots, self.tags, self.offsets, self.bytes) = (slots, tags, offsets, bytes)
  }

  func row(of value: RawSpan) -> Int32 {
    let hash = Self.hash(value)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      if tags[slot] == tag, isEntry(Int(slots[slot]) - 1, value) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return 0
  }

  private static func hash(_ value: RawSpan) -> UInt64 {
    let factor: UInt64 = 0x9E37_79B9_7F4A_7C15  // 2⁶⁴/φ
    var state = UInt64(value.byteCount)
    var offset = 0
    while offset + 8 <= value.byteCount {
      state = (state ^ value.littleEndian(at: offset, as: UInt64.self)) &* factor
      state ^= state >> 32
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < value.byteCount {
      rest = rest << 8 | UInt64(value.littleEndian(at: offset, as: UInt8.self))
      offset += 1
    }
    state = (state ^ rest) &* factor
    return state ^ (state >> 32)
  }

  private func isEntry(_ index: Int, _ value: RawSpan) -> Bool {
    let begin = Int(offsets[index])
    guard Int(offsets[index + 1]) - begin == value.byteCount else { return false }
    for offset in value.byteOffsets
    where bytes[begin + offset] != value.littleEndian(at: offset, as: UInt8.self) {
      return false
    }
    return true
  }
}

/// Integers in an open-addressed table at most half full.
struct IntegerVocabulary: Sendable {
  private let slots: [Int32]
  private let keys: [Int64]

  init(_ values: [Int64]) {
    var slots = [Int32](repeating: 0, count: tableSize(values.count))
    var keys = [Int64](repeating: 0, count: slots.count)
    for (index, value) in values.enumerated() {
      var slot = Self.slot(value, slots.count)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index + 1)
      keys[slot] = value
    }
    (self.slots, self.keys) = (slots, keys)
  }

  func row(of value: Int64) -> Int32 {
    var slot = Self.slot(value, slots.count)
    while slots[slot] != 0 {
      if keys[slot] == value { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return 0
  }

  /// Fibonacci hashing: the upper bits of a product with 2⁶⁴/φ.
  private static func slot(_ value: Int64, _ count: Int) -> Int {
    let product = UInt64(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: product >> 32) & (count - 1)
  }
}

/// A power of two that is at least twice the entries: chains stay short.
private func tableSize(_ entries: Int) -> Int {
  var size = 4
  while size < 2 * entries { size *= 2 }
  return size
}
