internal import CKernels

/// Rows `[rows, width]` that ids choose from: int8 with one scale a row, or float32. Immutable.
@safe
public final class EmbeddingTable: Sendable {
  /// Rows; an id outside reads row 0.
  public let rows: Int
  /// Columns of a row.
  public let width: Int
  /// Whether rows are stored as int8.
  public let isInt8: Bool
  /// Bytes that values and scales take.
  public let byteCount: Int

  // Written in the initialisers only, read by kernels; freed by deinit.
  private nonisolated(unsafe) let values: UnsafeMutableRawPointer
  private nonisolated(unsafe) let scales: UnsafeMutablePointer<Float>
  nonisolated(unsafe) let table: UnsafeMutablePointer<tsr_table>

  /// Copies int8 rows; weight = value · scale of its row.
  ///
  /// - Precondition: the counts fit the shape; both sizes are positive.
  public init(int8 source: [Int8], scales sourceScales: [Float], rows: Int, width: Int) {
    precondition(
      rows > 0 && width > 0 && source.count == rows * width && sourceScales.count == rows)
    (self.rows, self.width, isInt8, byteCount) = (rows, width, true, rows * (width + 4))
    // Sizes are those of the arrays, checked above; the three blocks live as long as this object.
    unsafe values = Self.copy(source)
    unsafe scales = .allocate(capacity: rows)
    for row in 0..<rows { unsafe scales[row] = sourceScales[row] }
    unsafe table = .allocate(capacity: 1)
    unsafe table.initialize(
      to: tsr_table(
        rows: Int32(rows), width: Int32(width),
        int8_values: values.assumingMemoryBound(to: Int8.self), scales: scales, float_values: nil))
  }

  /// Copies float32 rows.
  ///
  /// - Precondition: as for int8 rows.
  public init(float source: [Float], rows: Int, width: Int) {
    precondition(rows > 0 && width > 0 && source.count == rows * width)
    (self.rows, self.width, isInt8, byteCount) = (rows, width, false, rows * width * 4)
    // As above; float rows have no scales, so that block is the least that can be freed alike.
    unsafe values = Self.copy(source)
    unsafe scales = .allocate(capacity: 1)
    unsafe table = .allocate(capacity: 1)
    unsafe table.initialize(
      to: tsr_table(
        rows: Int32(rows), width: Int32(width), int8_values: nil, scales: nil,
        float_values: values.assumingMemoryBound(to: Float.self)))
  }

  deinit {
    // Nobody but this object holds the pointers.
    unsafe table.deallocate()
    unsafe scales.deallocate()
    unsafe values.deallocate()
  }

  private static func copy<Element>(_ source: [Element]) -> UnsafeMutableRawPointer {
    // The block has room for exactly the bytes of the array.
    unsafe source.withUnsafeBytes { bytes in
      let block = UnsafeMutableRawBufferPointer.allocate(
        byteCount: bytes.count, alignment: KernelLimits.alignmentBytes)
      unsafe block.copyMemory(from: bytes)
      return unsafe block.baseAddress.unsafelyUnwrapped
    }
  }
}
