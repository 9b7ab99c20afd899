internal import CKernels

// Every method hands its pointers to one C call, which ends before the method returns.
extension KernelTable {
  /// float32 `[rows, columns]` → quantised rows: scale = max|x|/127 of the row, half to even.
  ///
  /// - Complexity: O(rows · columns).
  public func quantise(
    _ input: FloatRows, rows: Int, columns: Int, into output: QuantisedRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_quantise(
      rows: Int32(rows), columns: Int32(columns), input: input.base, input_stride: input.stride,
      output: output.values, output_scales: output.scales)
    unsafe c.pointee.quantise(&a)
  }

  /// output[r] = table[ids[r]] for `[rows, table.width]`; an id outside the table reads row 0.
  ///
  /// With `bagOffsets` (`[rows + 1]`) row r has the members ids[bagOffsets[r] ..< bagOffsets[r + 1]], and
  /// becomes their sum or mean, zeros where there are none.
  public func gather(
    _ table: EmbeddingTable, ids: UnsafePointer<Int32>, bagOffsets: UnsafePointer<Int32>? = nil,
    reduction: BagReduction = .sum, rows: Int, into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_gather(
      table: table.table, rows: Int32(rows), ids: ids, bag_offsets: bagOffsets,
      bag: tsr_bag(rawValue: UInt32(reduction.rawValue)), output: output.base,
      output_stride: output.stride)
    unsafe c.pointee.gather(&a)
  }

  /// Layer norm of the input, `[rows, width]`, over each row.
  ///
  /// - Parameters:
  ///   - gain, bias: `[width]`.
  ///   - output: may be the input; also needed where only `quantised` is of interest.
  ///   - quantised: if given, the result once more as quantised rows.
  public func layerNorm(
    _ input: FloatRows, gain: UnsafePointer<Float>, bias: UnsafePointer<Float>, epsilon: Float,
    rows: Int, width: Int, into output: FloatRows, quantised: QuantisedRows? = nil
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_layer_norm(
      rows: Int32(rows), width: Int32(width), input: input.base, input_stride: input.stride,
      gain: gain, bias: bias, epsilon: epsilon, output: output.base, output_stride: output.stride,
      output_int8: quantised?.values, output_scales: quantised?.scales)
    unsafe c.pointee.layer_norm(&a)
  }

  /// Rows of each user → one row a user, `[users, width]`; zeros for a user without rows.
  ///
  /// - Parameter offsets: `[users + 1]`; user u owns the rows offsets[u] ..< offsets[u + 1] of `input`.
  public func pool(
    _ input: FloatRows, offsets: UnsafePointer<Int32>, users: Int, width: Int, mode: Pooling,
    into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_pool(
      users: Int32(users), width: Int32(width), offsets: offsets,
      mode: tsr_pooling(rawValue: UInt32(mode.rawValue)), input: input.base,
      input_stride: input.stride, output: output.base, output_stride: output.stride)
    unsafe c.pointee.pool(&a)
  }

  /// output[r] = the combination of left[left map of r] and right[right map of r], `[rows, width]`.
  public func combine(
    _ left: MappedRows, _ combination: Combination, _ right: MappedRows, rows: Int, width: Int,
    into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_combine(
      rows: Int32(rows), width: Int32(width),
      combination: tsr_combination(rawValue: UInt32(combination.rawValue)),
      a: left.rows.base, a_stride: left.rows.stride, a_map: left.map,
      b: right.rows.base, b_stride: right.rows.stride, b_map: right.map,
      output: output.base, output_stride: output.stride)
    unsafe c.pointee.combine(&a)
  }

  /// output[r] = source[map of r], `[rows, width]`: repeats user rows for their events or coupons.
  public func copy(_ source: MappedRows, rows: Int, width: Int, into output: FloatRows) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_combine(
      rows: Int32(rows), width: Int32(width), combination: TSR_ADD,
      a: source.rows.base, a_stride: source.rows.stride, a_map: source.map,
      b: nil, b_stride: 0, b_map: nil, output: output.base, output_stride: output.stride)
    unsafe c.pointee.combine(&a)
  }

  /// output = activation(input) element by element, `[rows, width]`; output may be the input.
  public func activate(
    _ input: FloatRows, _ activation: Activation, rows: Int, width: Int, into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_activate(
      rows: Int32(rows), width: Int32(width), activation: activation.code,
      slope: activation.slope, input: input.base, input_stride: input.stride, output: output.base,
      output_stride: output.stride)
    unsafe c.pointee.activate(&a)
  }

  /// Raw numbers `[count]` → one column of float rows (the first column of `output`), by ``NumberTransform``.
  public func number(
    _ input: UnsafePointer<Float>, count: Int, _ transform: NumberTransform, into output: FloatRows
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_number(
      count: Int32(count), input: input, missing: transform.missing, log1p: transform.log1p,
      low: transform.clip.lowerBound, high: transform.clip.upperBound, mean: transform.mean,
      deviation: transform.deviation, output: output.base, output_stride: output.stride)
    unsafe c.pointee.number(&a)
  }
}

/// NaN → missing; sign(x)·log1p|x| if asked; clip; (x − mean) / deviation: in this order.
public struct NumberTransform: Hashable, Sendable {
  /// Stands in for NaN.
  public var missing: Float
  /// Whether sign(x)·log1p|x| is taken.
  public var log1p: Bool
  /// Bounds after the logarithm; −∞ … +∞ for none.
  public var clip: ClosedRange<Float>
  /// Subtracted after clipping.
  public var mean: Float
  /// Divides at last.
  public var deviation: Float

  /// The identity, but for what is given.
  public init(
    missing: Float = 0, log1p: Bool = false,
    clip: ClosedRange<Float> = -Float.infinity...Float.infinity,
    mean: Float = 0, deviation: Float = 1
  ) {
    self.missing = missing
    self.log1p = log1p
    self.clip = clip
    self.mean = mean
    self.deviation = deviation
  }
}
