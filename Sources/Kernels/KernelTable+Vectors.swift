internal import CKernels

// Every method hands its pointers to one C call, which ends before the method returns.
extension KernelTable {
  /// output = input · gain + bias of each column, rounded once, `[rows, width]`; output may be the input.
  ///
  /// - Parameters:
  ///   - gain, bias: `[width]`.
  public func scale(
    _ input: FloatRows, gain: UnsafePointer<Float>, bias: UnsafePointer<Float>, rows: Int,
    width: Int, into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_scale(
      rows: Int32(rows), width: Int32(width), input: input.base, input_stride: input.stride,
      gain: gain, bias: bias, output: output.base, output_stride: output.stride)
    unsafe c.pointee.scale(&a)
  }

  /// output[r] = Σ left[left map of r] · right[right map of r] over the width: one number a row.
  public func dot(
    _ left: MappedRows, _ right: MappedRows, rows: Int, width: Int, into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_dot(
      rows: Int32(rows), width: Int32(width),
      a: left.rows.base, a_stride: left.rows.stride, a_map: left.map,
      b: right.rows.base, b_stride: right.rows.stride, b_map: right.map,
      output: output.base, output_stride: output.stride)
    unsafe c.pointee.dot(&a)
  }

  /// output = input / max(√Σ input², epsilon) over each row, `[rows, width]`; output may be the input.
  public func l2Norm(
    _ input: FloatRows, epsilon: Float, rows: Int, width: Int, into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_l2_norm(
      rows: Int32(rows), width: Int32(width), input: input.base, input_stride: input.stride,
      epsilon: epsilon, output: output.base, output_stride: output.stride)
    unsafe c.pointee.l2_norm(&a)
  }

  /// Softmax of the input over each row, `[rows, width]`; output may be the input.
  public func softmax(_ input: FloatRows, rows: Int, width: Int, into output: FloatRows) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_softmax(
      rows: Int32(rows), width: Int32(width), input: input.base, input_stride: input.stride,
      output: output.base, output_stride: output.stride)
    unsafe c.pointee.softmax(&a)
  }
}
