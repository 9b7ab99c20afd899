internal import ModelGraph
internal import TesseraWire

/// From raw ids to rows of a table: 0 for what is not known. Immutable; looking up allocates nothing.
///
/// Columns are looked up whole, so that the kind of lookup is chosen once and no value is retained or
/// released in the loop.
enum IDLookup: Sendable {
  case strings(StringVocabulary)
  case integers(IntegerVocabulary)
  case hashedStrings(buckets: UInt64)
  case hashedIntegers(buckets: UInt64)
  case dense(rows: Int64)

  init(_ source: IDSource) {
    self =
      switch source {
      case .strings(let values): .strings(StringVocabulary(values))
      case .integers(let values): .integers(IntegerVocabulary(values))
      case .hashedStrings(let buckets): .hashedStrings(buckets: UInt64(buckets))
      case .hashedIntegers(let buckets): .hashedIntegers(buckets: UInt64(buckets))
      case .dense(let rows): .dense(rows: Int64(rows))
      }
  }
}

/// Strings by their bytes, in an open-addressed table at most half full.
///
/// The hash is the table's own: eight bytes a step, where FNV-1a takes one (its place is in hash buckets,
/// which the format defines). Who sends strings cannot lengthen the chains: nothing is added to them.
@safe
final class StringVocabulary: Sendable {
  private struct Slot {
    /// 1 + position in the vocabulary; 0 = empty.
    var row: Int32 = 0
    /// The upper half of the entry's hash: most misses end here.
    var tag: UInt32 = 0
    /// The entry's first byte and its length.
    var offset: UInt32 = 0
    var length: UInt32 = 0
  }

  private let mask: Int
  // Both blocks are written by `init`, read afterwards, and freed by `deinit`.
  private nonisolated(unsafe) let slots: UnsafeMutableBufferPointer<Slot>
  private nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

  init(_ values: [String]) {
    let entries = values.map { Array($0.utf8) }
    let size = tableSize(values.count)
    mask = size - 1
    // Blocks of this object, which `deinit` frees.
    unsafe slots = .allocate(capacity: size)
    unsafe slots.initialize(repeating: Slot())
    let byteCount = entries.reduce(0) { $0 + $1.count }
    // As above.
    unsafe bytes = .allocate(byteCount: max(1, byteCount), alignment: 1)
    var offset = 0
    for (index, entry) in entries.enumerated() {
      // The block was sized by the sum of the entries, the table by twice their number.
      let hash = unsafe entry.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + source.count])
          .copyMemory(from: source)
        return unsafe Self.hash(source)
      }
      var slot = Int(truncatingIfNeeded: hash) & mask
      while unsafe slots[slot].row != 0 { slot = (slot + 1) & mask }
      unsafe slots[slot] = Slot(
        row: Int32(index + 1), tag: UInt32(truncatingIfNeeded: hash >> 32),
        offset: UInt32(offset), length: UInt32(entry.count))
      offset += entry.count
    }
  }

  deinit {
    // Nobody but this object holds the pointers.
    unsafe slots.deallocate()
    unsafe bytes.deallocate()
  }

  /// Row of the string with these bytes.
  func row(of value: UnsafeRawBufferPointer) -> Int32 {
    // The caller's bytes, read during the call.
    let hash = unsafe Self.hash(value)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      // The mask keeps the slot inside, and half of the slots are empty.
      let found = unsafe slots[slot]
      if found.row == 0 { return 0 }
      if found.tag == tag, Int(found.length) == value.count {
        let begin = Int(found.offset)
        if unsafe isEqual(begin, value) { return found.row }
      }
      slot = (slot + 1) & mask
    }
  }

  /// Whether the entry that begins there, of the same length, has the same bytes.
  @inline(__always)
  private func isEqual(_ begin: Int, _ value: UnsafeRawBufferPointer) -> Bool {
    // The entry lies in the block, and was found with this length.
    let entry = unsafe UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + value.count])
    var offset = 0
    while offset + 8 < value.count {
      // Both have `value.count` bytes.
      guard
        unsafe entry.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          == value.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      else { return false }
      offset += 8
    }
    // As above.
    return unsafe Self.lastWord(entry) == Self.lastWord(value)
  }

  @inline(__always)
  private static func hash(_ value: UnsafeRawBufferPointer) -> UInt64 {
    let factor: UInt64 = 0x9E37_79B9_7F4A_7C15  // 2⁶⁴/φ
    var state = UInt64(value.count)
    var offset = 0
    // Every load ends at or before the end.
    while offset + 8 < value.count {
      let word = unsafe value.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      state = (state ^ word) &* factor
      state ^= state >> 32
      offset += 8
    }
    // As above.
    state = unsafe (state ^ lastWord(value)) &* factor
    return state ^ (state >> 32)
  }

  /// The last bytes, up to eight: a different word for different ones of the same length. Loads overlap in place
  /// of a loop over single bytes, whose end the processor would guess wrong for most strings.
  @inline(__always)
  private static func lastWord(_ value: UnsafeRawBufferPointer) -> UInt64 {
    let count = value.count
    // Every load begins at or after the first byte and ends at or before the last.
    if count >= 8 {
      return unsafe value.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    }
    if count >= 4 {
      let first = unsafe value.loadUnaligned(as: UInt32.self)
      let last = unsafe value.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      return UInt64(last) << 32 | UInt64(first)
    }
    if count == 0 { return 0 }
    // As above.
    let (first, middle, last) = unsafe (value[0], value[count / 2], value[count - 1])
    return UInt64(last) << 16 | UInt64(middle) << 8 | UInt64(first)
  }
}

/// Integers in an open-addressed table at most half full.
@safe
package final class IntegerVocabulary: Sendable {
  private struct Slot {
    var key: Int64 = 0
    /// 1 + position in the vocabulary; 0 = empty.
    var row: Int32 = 0
  }

  private let mask: Int
  // Written by `init`, read afterwards, and freed by `deinit`.
  private nonisolated(unsafe) let slots: UnsafeMutableBufferPointer<Slot>

  init(_ values: [Int64]) {
    let size = tableSize(values.count)
    mask = size - 1
    // Blocks of this object, which `deinit` frees.
    unsafe slots = .allocate(capacity: size)
    unsafe slots.initialize(repeating: Slot())
    for (index, value) in values.enumerated() {
      var slot = Self.hash(value) & mask
      // The table has twice as many slots as entries.
      while unsafe slots[slot].row != 0 { slot = (slot + 1) & mask }
      unsafe slots[slot] = Slot(key: value, row: Int32(index + 1))
    }
  }

  deinit {
    // Nobody but this object holds the pointer.
    unsafe slots.deallocate()
  }

  /// Row of the integer.
  func row(of value: Int64) -> Int32 {
    var slot = Self.hash(value) & mask
    while true {
      // The mask keeps the slot inside, and half of the slots are empty.
      let found = unsafe slots[slot]
      if found.row == 0 { return 0 }
      if found.key == value { return found.row }
      slot = (slot + 1) & mask
    }
  }

  /// Every bit of the integer moves the lower bits, which choose the slot: ids may differ in their upper bits
  /// alone. The finalising steps of MurmurHash3 (Appleby).
  package static func hash(_ value: Int64) -> Int {
    var bits = UInt64(bitPattern: value)
    bits = (bits ^ bits >> 33) &* 0xFF51_AFD7_ED55_8CCD
    bits = (bits ^ bits >> 33) &* 0xC4CE_B9FE_1A85_EC53
    return Int(truncatingIfNeeded: bits ^ bits >> 33)
  }
}

/// A power of two that is at least twice the entries: chains stay short.
private func tableSize(_ entries: Int) -> Int {
  var size = 4
  while size < 2 * entries { size *= 2 }
  return size
}
