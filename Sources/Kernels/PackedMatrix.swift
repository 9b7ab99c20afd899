internal import CKernels

/// Weights of one matrix, `[outputs, depth]`, packed once when a model is loaded.
///
/// All instruction sets share the layout, so a packed matrix serves every ``KernelTable``. It is
/// immutable and may be used from any number of threads.
@safe
public final class PackedMatrix: Sendable {
  /// Rows of the weights: columns of the product.
  public let outputs: Int
  /// Columns of the weights: columns of the input.
  public let depth: Int
  /// Whether inputs are quantised rows (else float rows).
  public let isInt8: Bool
  /// Whether its outputs are gates in the order of ``KernelTable/lstm``.
  public let isLSTM: Bool
  /// Columns of a product with it: the outputs, or the gates with the units rounded up to 16.
  public var packedOutputs: Int {
    isLSTM ? 4 * KernelLimits.paddedUnits(outputs / 4) : outputs
  }
  /// Bytes that the packed weights, scales and bias take.
  public let byteCount: Int

  // Written in the initialisers only, read by kernels; both blocks are freed by deinit.
  private nonisolated(unsafe) let memory: UnsafeMutableRawPointer
  nonisolated(unsafe) let matrix: UnsafeMutablePointer<tsr_matrix>

  /// Packs int8 weights.
  ///
  /// - Parameters:
  ///   - int8: row-major `[outputs, depth]`, values −127 … 127.
  ///   - scales: one a row: weight = value · scale.
  ///   - bias: `[outputs]`, or nil for none.
  ///   - isLSTM: whether the outputs are the gates i f g o of all units, for ``KernelTable/lstm``: the four
  ///     gates of each sixteen units come to lie side by side.
  /// - Precondition: the counts fit the shape; both sizes are positive and at most
  ///   ``KernelLimits/matrixSideMax``.
  public init(
    int8 values: [Int8], scales: [Float], bias: [Float]? = nil, outputs: Int, depth: Int,
    isLSTM: Bool = false
  ) {
    precondition(values.count == outputs * depth && scales.count == outputs)
    // Blocks of this object, which `deinit` frees.
    unsafe (memory, byteCount) = Self.allocate(
      bias, outputs: outputs, depth: depth, isInt8: true, isLSTM: isLSTM)
    (self.outputs, self.depth, isInt8, self.isLSTM) = (outputs, depth, true, isLSTM)
    unsafe matrix = .allocate(capacity: 1)
    // The C side reads the arrays during the call only and keeps pointers into `memory` alone.
    unsafe matrix.initialize(
      to: tsr_pack_int8(values, scales, bias, Int32(outputs), Int32(depth), isLSTM, memory))
  }

  /// Packs float32 weights, row-major `[outputs, depth]`; `bias` is `[outputs]` or nil.
  ///
  /// - Precondition: as for int8 weights.
  public init(
    float values: [Float], bias: [Float]? = nil, outputs: Int, depth: Int, isLSTM: Bool = false
  ) {
    precondition(values.count == outputs * depth)
    // Blocks of this object, which `deinit` frees.
    unsafe (memory, byteCount) = Self.allocate(
      bias, outputs: outputs, depth: depth, isInt8: false, isLSTM: isLSTM)
    (self.outputs, self.depth, isInt8, self.isLSTM) = (outputs, depth, false, isLSTM)
    unsafe matrix = .allocate(capacity: 1)
    // As above.
    unsafe matrix.initialize(
      to: tsr_pack_float(values, bias, Int32(outputs), Int32(depth), isLSTM, memory))
  }

  deinit {
    // Nobody but this object holds the pointers.
    unsafe matrix.deallocate()
    unsafe memory.deallocate()
  }

  private static func allocate(
    _ bias: [Float]?, outputs: Int, depth: Int, isInt8: Bool, isLSTM: Bool
  ) -> (UnsafeMutableRawPointer, Int) {
    let sides = 1...KernelLimits.matrixSideMax
    precondition(sides.contains(outputs) && sides.contains(depth))
    precondition(!isLSTM || outputs % 4 == 0)
    precondition(bias.map { $0.count == outputs } ?? true)
    let bytes = tsr_matrix_bytes(Int32(outputs), Int32(depth), isInt8, isLSTM)
    // Uninitialised: the pack function writes all of it.
    return (
      .allocate(byteCount: bytes, alignment: KernelLimits.alignmentBytes), bytes
    )
  }
}
