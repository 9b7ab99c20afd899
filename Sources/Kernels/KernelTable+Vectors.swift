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
}
