extension RawSpan {
  /// The little-endian integer at the offset, which may be unaligned. Traps outside the span.
  @inlinable
  public func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type)
    -> T
  {
    // Bounds are checked by the call; every bit pattern is an integer.
    T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
  }

  /// The little-endian float32 at the offset, which may be unaligned. Traps outside the span.
  @inlinable
  public func float32(at offset: Int) -> Float {
    Float(bitPattern: littleEndian(at: offset, as: UInt32.self))
  }

  /// The little-endian float16 at the offset, which may be unaligned. Traps outside the span.
  @inlinable
  public func float16(at offset: Int) -> Float16 {
    Float16(bitPattern: littleEndian(at: offset, as: UInt16.self))
  }
}

/// The place that a decoder has reached in a body. The body itself is passed to each read, because a
/// stored span would make the reader non-escapable.
///
/// Every read is checked against the end of the body first and moves the reader only when it succeeds.
struct ByteReader {
  var offset = 0
  /// Named in errors when a column is being read.
  var column: Int?

  /// Reserves the next `count` bytes and gives the offset of the first.
  mutating func skip(_ body: RawSpan, _ count: Int, _ field: StaticString) throws(WireError) -> Int
  {
    guard count <= body.byteCount - offset else {
      throw WireError(
        .malformed, column: column, offset: offset,
        "\(field) needs \(count) bytes, the body has \(body.byteCount - offset) left")
    }
    defer { offset += count }
    return offset
  }

  /// The next integer.
  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ body: RawSpan, _ type: T.Type, _ field: StaticString
  ) throws(WireError) -> T {
    body.littleEndian(at: try skip(body, MemoryLayout<T>.size, field), as: type)
  }

  /// The next `count` bytes as text.
  mutating func text(_ body: RawSpan, _ count: Int, _ field: StaticString) throws(WireError)
    -> String
  {
    let start = try skip(body, count, field)
    guard let text = UTF8Check.string(body, start..<start + count) else {
      throw WireError(.badValue, column: column, offset: start, "\(field) is not UTF-8")
    }
    return text
  }

  /// The next integer, which must lie in the range. Named in errors with its own place.
  mutating func count<T: FixedWidthInteger & BitwiseCopyable>(
    _ body: RawSpan, _ type: T.Type, _ range: ClosedRange<Int>, _ field: StaticString
  ) throws(WireError) -> Int {
    let start = offset
    let count = Int(try integer(body, type, field))
    guard range.contains(count) else {
      throw WireError(
        .limit, column: column, offset: start,
        "\(field) is \(count), not \(range.lowerBound)…\(range.upperBound)")
    }
    return count
  }

  /// A length byte and a name of 1…``Limits/nameBytesMax`` bytes.
  mutating func name(_ body: RawSpan, _ field: StaticString) throws(WireError) -> String {
    try text(body, try count(body, UInt8.self, 1...Limits.nameBytesMax, field), field)
  }

  /// Checks that nothing is left.
  func end(_ body: RawSpan) throws(WireError) {
    guard offset == body.byteCount else {
      throw WireError(
        .malformed, offset: offset, "\(body.byteCount - offset) bytes follow the end of the body")
    }
  }
}
