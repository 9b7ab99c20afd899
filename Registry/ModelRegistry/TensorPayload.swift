// A tensor as raw bytes: int8 values row-major and then one float32 scale per row, or float32 values
// row-major. Little-endian.

package import ModelGraph

extension TensorData {
  /// The payload.
  package var payload: [UInt8] {
    switch storage {
    case .float32(let values): littleEndian(values)
    case .int8(let values, let scales):
      copy(values[...], as: UInt8.self) + littleEndian(scales)
    }
  }

  /// Bytes of a payload of this shape; `nil` when the shape is not one or the bytes are too many.
  package static func payloadBytes(shape: [Int], dtype: Manifest.DType) -> Int? {
    guard (1...ModelLimits.dimensionsMax).contains(shape.count) else { return nil }
    var elements = 1
    for dimension in shape {
      guard dimension > 0 else { return nil }
      let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
      guard !overflow, product <= ModelLimits.tensorElementsMax else { return nil }
      elements = product
    }
    let bytes = dtype == .int8 ? elements + 4 * shape[0] : 4 * elements
    return bytes <= RegistryLimits.tensorBytesMax ? bytes : nil
  }

  /// Reads a payload of exactly `payloadBytes(shape:dtype:)` bytes.
  package init(name: String, shape: [Int], dtype: Manifest.DType, payload: [UInt8]) {
    let elements = shape.reduce(1, *)
    let storage: Storage =
      switch dtype {
      case .float32: .float32(floats(payload[...]))
      case .int8:
        .int8(
          values: copy(payload[..<elements], as: Int8.self),
          scales: floats(payload[elements...]))
      }
    self.init(name: name, shape: shape, storage: storage)
  }
}

/// The same bytes with or without a sign; a hundred megabytes of them are copied, not converted.
private func copy<Source: BitwiseCopyable, Copy: BitwiseCopyable>(
  _ bytes: ArraySlice<Source>, as type: Copy.Type
) -> [Copy] {
  precondition(MemoryLayout<Source>.size == 1 && MemoryLayout<Copy>.size == 1)
  // As many elements of the same size are copied as there is room for.
  return unsafe [Copy](unsafeUninitializedCapacity: bytes.count) { output, count in
    unsafe bytes.withUnsafeBytes {
      unsafe UnsafeMutableRawBufferPointer(output).copyMemory(from: $0)
    }
    count = bytes.count
  }
}

private func littleEndian(_ values: [Float]) -> [UInt8] {
  // Four bytes for each value, in the room for as many.
  unsafe [UInt8](unsafeUninitializedCapacity: values.count * 4) { output, count in
    for (index, value) in values.enumerated() {
      let bits = value.bitPattern.littleEndian
      unsafe UnsafeMutableRawBufferPointer(output)
        .storeBytes(of: bits, toByteOffset: index * 4, as: UInt32.self)
    }
    count = values.count * 4
  }
}

private func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
  // Only whole groups of four bytes are read, and any bits are a float.
  unsafe bytes.withUnsafeBytes { bytes in
    (0..<bytes.count / 4).map { index in
      let bits = unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
      return Float(bitPattern: UInt32(littleEndian: bits))
    }
  }
}
