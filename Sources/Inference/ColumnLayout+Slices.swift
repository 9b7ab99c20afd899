internal import TesseraWire

// A frame may be scored by several plans, each for some of its users.
extension ColumnLayout {
  /// The layout of some of the column's rows.
  ///
  /// - Complexity: O(1) for all rows; else what lies before them is counted: members of bags, bytes
  ///   of strings.
  func slice(_ wanted: Range<Int>, in body: RawSpan) -> ColumnLayout {
    if wanted == 0..<rows { return self }
    precondition(wanted.lowerBound >= 0 && wanted.upperBound <= rows, "rows of another column")
    var slice = self
    var values = wanted
    if isBag {
      let begin = body.sum(countsOffset..<countsOffset + wanted.lowerBound)
      slice.countsOffset = countsOffset + wanted.lowerBound
      values = begin..<begin + body.sum(slice.countsOffset..<slice.countsOffset + wanted.count)
    }
    slice.prefixesOffset = prefixesOffset + values.lowerBound * encoding.prefixByteCount
    switch encoding {
    case .string:
      slice.valuesOffset = valuesOffset + body.sum(prefixesOffset..<slice.prefixesOffset)
    case .text:
      slice.valuesOffset =
        valuesOffset + (0..<values.lowerBound).reduce(0) { $0 + length(of: $1, in: body) }
    case .int8, .int16, .int32, .int64, .float16, .float32, .scaledInt8:
      slice.valuesOffset = valuesOffset + values.lowerBound * width * encoding.valueByteCount
    }
    slice.rows = wanted.count
    slice.valueCount = values.count
    return slice
  }
}

extension RawSpan {
  /// The sum of these bytes.
  fileprivate func sum(_ bytes: Range<Int>) -> Int {
    precondition(bytes.upperBound <= byteCount, "a layout of another body")
    // The span outlives the closure, and the bytes lie inside it.
    return unsafe withUnsafeBytes { all in
      var sum = 0
      for index in bytes { sum += unsafe Int(all[index]) }  // As above.
      return sum
    }
  }
}
