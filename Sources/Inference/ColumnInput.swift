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
  }
}

extension ColumnLayout {
  /// Writes the rows of every value as ids.
  ///
  /// - Parameter ids: room for `valueCount` ids.
  func decodeIDs(_ lookup: IDLookup, _ body: RawSpan, into ids: UnsafeMutablePointer<Int32>) {
    // The layout was checked against the body: `valueCount` values lie there, and the caller has room.
    switch encoding {
    case .int8:
      for value in 0..<valueCount {
        let raw = body.littleEndian(at: valuesOffset + value, as: Int8.self)
        unsafe ids[value] = lookup.row(of: Int64(raw))
      }
    case .int16:
      for value in 0..<valueCount {
        let raw = body.littleEndian(at: valuesOffset + 2 * value, as: Int16.self)
        unsafe ids[value] = lookup.row(of: Int64(raw))
      }
    case .int32:
      for value in 0..<valueCount {
        let raw = body.littleEndian(at: valuesOffset + 4 * value, as: Int32.self)
        unsafe ids[value] = lookup.row(of: Int64(raw))
      }
    case .int64:
      for value in 0..<valueCount {
        let raw = body.littleEndian(at: valuesOffset + 8 * value, as: Int64.self)
        unsafe ids[value] = lookup.row(of: raw)
      }
    case .string:
      var at = valuesOffset
      for value in 0..<valueCount {
        let length = Int(body.littleEndian(at: lengthsOffset + value, as: UInt8.self))
        unsafe ids[value] = lookup.row(of: body.extracting(at..<at + length))
        at += length
      }
    case .float16, .float32: preconditionFailure("floats in a column of ids")
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
    switch encoding {
    case .int8:
      for value in 0..<valueCount {
        unsafe numbers[value * stride] = Float(
          body.littleEndian(at: valuesOffset + value, as: Int8.self))
      }
    case .int16:
      for value in 0..<valueCount {
        unsafe numbers[value * stride] =
          Float(body.littleEndian(at: valuesOffset + 2 * value, as: Int16.self))
      }
    case .int32:
      for value in 0..<valueCount {
        unsafe numbers[value * stride] =
          Float(body.littleEndian(at: valuesOffset + 4 * value, as: Int32.self))
      }
    case .int64:
      for value in 0..<valueCount {
        unsafe numbers[value * stride] =
          Float(body.littleEndian(at: valuesOffset + 8 * value, as: Int64.self))
      }
    case .float16:
      for value in 0..<valueCount {
        let number = Float(body.float16(at: valuesOffset + 2 * value))
        unsafe numbers[value * stride] = number.isNaN ? missing ?? number : number
      }
    case .float32:
      for value in 0..<valueCount {
        let number = body.float32(at: valuesOffset + 4 * value)
        unsafe numbers[value * stride] = number.isNaN ? missing ?? number : number
      }
    case .string: preconditionFailure("strings in a column of numbers")
    }
  }
}
