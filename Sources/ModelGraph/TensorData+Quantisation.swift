/// How far an int8 tensor lies from the float32 one that it came from.
public struct QuantisationReport: Hashable, Sendable {
  /// Largest |dequantised − original|.
  public let maxAbsoluteError: Float
  /// sqrt(Σ (dequantised − original)² / Σ original²); 0 when the original is all zeros.
  public let relativeRMSError: Float
}

extension TensorData {
  /// The matrix in int8: symmetric, one scale for each row, q = round-half-even(value / scale) with
  /// scale = max|row| / 127 (1 for a row of zeros).
  ///
  /// Rows, because each output channel (each row of an embedding table) then loses no accuracy to
  /// the size of another. A tensor that is int8 already or has one dimension comes back as it is.
  /// - Complexity: linear in the numbers.
  public func quantised() -> (tensor: TensorData, report: QuantisationReport) {
    guard case .float32(let values) = storage, shape.count == 2 else {
      return (self, QuantisationReport(maxAbsoluteError: 0, relativeRMSError: 0))
    }
    let (rows, columns) = (shape[0], shape[1])
    precondition(values.count == rows * columns, "tensor \(name) does not match its shape")
    var quantised = [Int8](repeating: 0, count: values.count)
    var scales = [Float](repeating: 1, count: rows)
    var maxError: Float = 0
    var (errorSquares, squares) = (0.0, 0.0)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      var largest: Float = 0
      for index in range { largest = max(largest, abs(values[index])) }
      // A row so small that its scale is not a normal number is a row of zeros.
      if (largest / 127).isNormal { scales[row] = largest / 127 }
      let scale = scales[row]
      for index in range {
        let level = min(127, max(-127, (values[index] / scale).rounded(.toNearestOrEven)))
        quantised[index] = Int8(level)
        let error = level * scale - values[index]
        maxError = max(maxError, abs(error))
        errorSquares += Double(error) * Double(error)
        squares += Double(values[index]) * Double(values[index])
      }
    }
    let report = QuantisationReport(
      maxAbsoluteError: maxError,
      relativeRMSError: squares > 0 ? Float((errorSquares / squares).squareRoot()) : 0)
    let storage = Storage.int8(values: quantised, scales: scales)
    return (TensorData(name: name, shape: shape, storage: storage), report)
  }

  /// The numbers as float32: as they are, or value · scale of the row.
  public func dequantised() -> [Float] {
    switch storage {
    case .float32(let values): return values
    case .int8(let values, let scales):
      let columns = shape.count == 2 ? shape[1] : 1
      return values.indices.map { Float(values[$0]) * scales[$0 / columns] }
    }
  }
}
