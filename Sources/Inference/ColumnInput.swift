internal import ModelGraph
internal import TesseraWire

/// What becomes of one column of a request, and in which block it gathers with those of the batch.
struct ColumnInput: Sendable {
  let axis: Axis
  let target: Target

  enum Target: Sendable {
    /// int32 [rows] of ids.
    case ids(IDLookup, block: Int)
    /// int32 [values] of ids and int32 [rows + 1] of offsets into them.
    case bag(IDLookup, block: Int, offsets: Int)
    /// One column of float32. With `missing` it is final, and NaN becomes that number; without, a step
    /// of the plan transforms the whole batch.
    case number(FloatOperand, missing: Float?)
    /// So many columns of float32.
    case vector(FloatOperand, width: Int)
  }
}

extension ColumnLayout {
  /// Writes the rows of every value as ids.
  ///
  /// - Parameter ids: room for `valueCount` ids.
  func decodeIDs(_ lookup: IDLookup, _ body: RawSpan, into ids: UnsafeMutablePointer<Int32>) {
    // Reads stay inside the column, which `check` finds inside the body.
    unsafe body.withUnsafeBytes { body in
      unsafe check(body)
      switch encoding {
      case .int8: unsafe decodeIntegers(Int8.self, lookup, body, into: ids)
      case .int16: unsafe decodeIntegers(Int16.self, lookup, body, into: ids)
      case .int32: unsafe decodeIntegers(Int32.self, lookup, body, into: ids)
      case .int64: unsafe decodeIntegers(Int64.self, lookup, body, into: ids)
      case .string: unsafe decodeStrings(lookup, body, into: ids)
      case .float16, .float32, .scaledInt8, .text:
        preconditionFailure("no ids in this encoding")
      }
    }
  }

  /// Writes the values as float32, `stride` floats apart.
  ///
  /// - Parameters:
  ///   - missing: what stands for NaN; nil leaves it.
  ///   - numbers: room for `valueCount` numbers so far apart.
  func decodeNumbers(
    _ body: RawSpan, missing: Float?, into numbers: UnsafeMutablePointer<Float>, stride: Int
  ) {
    // As above.
    unsafe body.withUnsafeBytes { body in
      unsafe check(body)
      switch encoding {
      case .int8: unsafe convert(Int8.self, body, into: numbers, stride)
      case .int16: unsafe convert(Int16.self, body, into: numbers, stride)
      case .int32: unsafe convert(Int32.self, body, into: numbers, stride)
      case .int64: unsafe convert(Int64.self, body, into: numbers, stride)
      case .float16:
        for value in 0..<valueCount {
          // Checked above; the caller has room for `valueCount` numbers.
          let bits = unsafe integer(UInt16.self, value, body)
          let number = Float(Float16(bitPattern: bits))
          unsafe numbers[value * stride] = number.isNaN ? missing ?? number : number
        }
      case .float32:
        for value in 0..<valueCount {
          // As above.
          let number = Float(bitPattern: unsafe integer(UInt32.self, value, body))
          unsafe numbers[value * stride] = number.isNaN ? missing ?? number : number
        }
      case .string, .scaledInt8, .text:
        preconditionFailure("no numbers in this encoding")
      }
    }
  }

  /// Writes rows of vectors as float32, `stride` floats apart.
  ///
  /// - Parameter numbers: room for `rows` rows of `width` numbers so far apart.
  func decodeVectors(
    _ body: RawSpan, into numbers: UnsafeMutablePointer<Float>, stride: Int
  ) {
    // As above.
    unsafe body.withUnsafeBytes { body in
      unsafe check(body)
      for row in 0..<rows {
        // The caller has room for `rows` rows.
        let target = unsafe numbers + row * stride
        let first = row * width
        switch encoding {
        case .float16:
          for column in 0..<width {
            // Checked above; the caller has room for the row.
            let bits = unsafe integer(UInt16.self, first + column, body)
            unsafe target[column] = Float(Float16(bitPattern: bits))
          }
        case .float32:
          for column in 0..<width {
            // As above.
            unsafe target[column] = Float(bitPattern: integer(UInt32.self, first + column, body))
          }
        case .scaledInt8:
          // Checked above: a scale for each row.
          let scale = unsafe body.loadUnaligned(
            fromByteOffset: prefixesOffset + 4 * row, as: UInt32.self)
          for column in 0..<width {
            // As above.
            let byte = unsafe integer(Int8.self, first + column, body)
            unsafe target[column] = Float(byte) * Float(bitPattern: UInt32(littleEndian: scale))
          }
        case .int8, .int16, .int32, .int64, .string, .text:
          preconditionFailure("no vectors in this encoding")
        }
      }
    }
  }

  /// One check for the whole column in place of one for each value. Strings' bytes are checked one by
  /// one: their end is not part of the layout.
  private func check(_ body: UnsafeRawBufferPointer) {
    precondition(
      valuesOffset >= 0 && prefixesOffset >= 0 && valueCount >= 0 && rows >= 0 && width > 0
        && valuesOffset + valueCount * width * encoding.valueByteCount <= body.count
        && (encoding != .scaledInt8 || prefixesOffset + 4 * rows <= body.count)
        && (encoding != .string || prefixesOffset + valueCount <= body.count),
      "a layout of another body")
  }

  /// The value as the little-endian integer that it is in the body.
  @inline(__always)
  private func integer<Raw: FixedWidthInteger & BitwiseCopyable>(
    _ type: Raw.Type, _ value: Int, _ body: UnsafeRawBufferPointer
  ) -> Raw {
    // The caller has checked the column.
    Raw(
      littleEndian: unsafe body.loadUnaligned(
        fromByteOffset: valuesOffset + value * MemoryLayout<Raw>.size, as: type))
  }

  @inline(__always)
  private func convert<Raw: FixedWidthInteger & BitwiseCopyable>(
    _ type: Raw.Type, _ body: UnsafeRawBufferPointer, into numbers: UnsafeMutablePointer<Float>,
    _ stride: Int
  ) {
    // The caller has room for `valueCount` numbers, `stride` apart.
    for value in 0..<valueCount {
      unsafe numbers[value * stride] = Float(integer(type, value, body))
    }
  }

  @inline(__always)
  private func decodeIntegers<Raw: FixedWidthInteger & BitwiseCopyable>(
    _ type: Raw.Type, _ lookup: IDLookup, _ body: UnsafeRawBufferPointer,
    into ids: UnsafeMutablePointer<Int32>
  ) {
    // The caller has room for `valueCount` ids.
    switch lookup {
    case .integers(let vocabulary):
      for value in 0..<valueCount {
        unsafe ids[value] = vocabulary.row(of: Int64(integer(type, value, body)))
      }
    case .hashedIntegers(let buckets):
      for value in 0..<valueCount {
        let hash = FNV1a64.hash(Int64(unsafe integer(type, value, body)))
        // As above.
        unsafe ids[value] = Int32(1 + hash % buckets)
      }
    case .dense(let rows):
      for value in 0..<valueCount {
        // As above.
        let id = Int64(unsafe integer(type, value, body))
        unsafe ids[value] = (0..<rows).contains(id) ? Int32(truncatingIfNeeded: id) : 0
      }
    case .strings, .hashedStrings: preconditionFailure("integers in a column of strings")
    }
  }

  private func decodeStrings(
    _ lookup: IDLookup, _ body: UnsafeRawBufferPointer, into ids: UnsafeMutablePointer<Int32>
  ) {
    var begin = valuesOffset
    for value in 0..<valueCount {
      // The lengths lie inside the body: `check` has seen to it.
      let end = unsafe begin + Int(body[prefixesOffset + value])
      precondition(end <= body.count, "a layout of another body")
      // Just checked; the caller has room for `valueCount` ids.
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: body[begin..<end])
      switch lookup {
      case .strings(let vocabulary): unsafe ids[value] = vocabulary.row(of: bytes)
      case .hashedStrings(let buckets):
        unsafe ids[value] = Int32(1 + FNV1a64.hash(bytes.bytes) % buckets)
      case .integers, .hashedIntegers, .dense:
        preconditionFailure("strings in a column of integers")
      }
      begin = end
    }
  }
}
