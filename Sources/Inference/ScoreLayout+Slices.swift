internal import TesseraWire

// A frame may be scored by several plans, each for some of its users.
extension ScoreLayout {
  /// The rows of each axis that belong to these users.
  ///
  /// - Complexity: linear in the users up to the last of them; O(1) for all.
  func rows(of users: Range<Int>, in body: RawSpan) -> PerAxis<Range<Int>> {
    var rows = PerAxis(repeating: 0..<0)
    rows[.user] = users
    if users == 0..<self.users {
      (rows[.event], rows[.coupon]) = (0..<eventRows, 0..<couponRows)
      return rows
    }
    for user in 0..<users.upperBound {
      let record = userRecord(user, in: body)
      let counts = RowCounts(events: record.events, coupons: record.coupons)
      for axis in Axis.allCases where axis != .user {
        let begin = rows[axis].lowerBound + (user < users.lowerBound ? counts[axis] : 0)
        rows[axis] = begin..<rows[axis].upperBound + counts[axis]
      }
    }
    return rows
  }
}

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
    if encoding == .string {
      slice.lengthsOffset = lengthsOffset + values.lowerBound
      slice.valuesOffset = valuesOffset + body.sum(lengthsOffset..<slice.lengthsOffset)
    } else {
      slice.valuesOffset = valuesOffset + values.lowerBound * encoding.valueByteCount
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
