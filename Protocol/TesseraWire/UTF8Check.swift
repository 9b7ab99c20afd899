/// UTF-8 validation. Text on this wire is mostly ASCII, so whole columns are first looked through eight
/// bytes at a time; only a column with a high bit is checked string by string.
enum UTF8Check {
  /// Whether no byte of the range has its high bit set. The range must lie in the body.
  static func isASCII(_ body: RawSpan, _ range: Range<Int>) -> Bool {
    var seen: UInt64 = 0
    var offset = range.lowerBound
    while offset + 8 <= range.upperBound {
      seen |= body.littleEndian(at: offset, as: UInt64.self)
      offset += 8
    }
    while offset < range.upperBound {
      seen |= UInt64(body.littleEndian(at: offset, as: UInt8.self))
      offset += 1
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }

  /// Whether the range is UTF-8. The range must lie in the body.
  static func isValid(_ body: RawSpan, _ range: Range<Int>) -> Bool {
    // The pointer lives as long as the span it comes from and is only read inside the closure.
    unsafe body.extracting(range).withUnsafeBytes { bytes in
      let span = unsafe bytes.bindMemory(to: UInt8.self).span
      return (try? UTF8Span(validating: span)) != nil
    }
  }

  /// The range as text, or nil when it is not UTF-8. The range must lie in the body.
  static func string(_ body: RawSpan, _ range: Range<Int>) -> String? {
    // As above.
    unsafe body.extracting(range).withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
  }
}
