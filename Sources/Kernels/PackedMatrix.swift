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
  /// How many gates its outputs are, in the order of ``RecurrentCell``; 0 where it is no recurrent layer's.
  public let gates: Int
  /// Columns of a product with it: the outputs, or the gates with the units rounded up to 16.
  public var packedOutputs: Int {
    gates > 0 ? gates * KernelLimits.paddedUnits(outputs / gates) : outputs
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
  ///   - gates: how many gates of all units the outputs are, one gate after another, for
  ///     ``KernelTable/recurrence``: those of each sixteen units come to lie side by side. 0 for all else.
  /// - Precondition: the counts fit the shape; both sizes are positive and at most
  ///   ``KernelLimits/matrixSideMax``.
  public init(
    int8 values: [Int8], scales: [Float], bias: [Float]? = nil, outputs: Int, depth: Int,
    gates: Int = 0
  ) {
    precondition(values.count == outputs * depth && scales.count == outputs)
    // Blocks of this object, which `deinit` frees.
    unsafe (memory, byteCount) = Self.allocate(
      bias, outputs: outputs, depth: depth, isInt8: true, gates: gates)
    (self.outputs, self.depth, isInt8, self.gates) = (outputs, depth, true, gates)
    unsafe matrix = .allocate(capacity: 1)
    // The C side reads the arrays during the call only and keeps pointers into `memory` alone.
    unsafe matrix.initialize(
      to: tsr_pack_int8(values, scales, bias, Int32(outputs), Int32(depth), Int32(gates), memory))
  }

  /// Packs float32 weights, row-major `[outputs, depth]`; `bias` is `[outputs]` or nil.
  ///
  /// - Precondition: as for int8 weights.
  public init(
    float values: [Float], bias: [Float]? = nil, outputs: Int, depth: Int, gates: Int = 0
  ) {
    precondition(values.count == outputs * depth)
    // Blocks of this object, which `deinit` frees.
    unsafe (memory, byteCount) = Self.allocate(
      bias, outputs: outputs, depth: depth, isInt8: false, gates: gates)
    (self.outputs, self.depth, isInt8, self.gates) = (outputs, depth, false, gates)
    unsafe matrix = .allocate(capacity: 1)
    // As above.
    unsafe matrix.initialize(
      to: tsr_pack_float(values, bias, Int32(outputs), Int32(depth), Int32(gates), memory))
  }

  deinit {
    // Nobody but this object holds the pointers.
    unsafe matrix.deallocate()
    unsafe memory.deallocate()
  }

  private static func allocate(
    _ bias: [Float]?, outputs: Int, depth: Int, isInt8: Bool, gates: Int
  ) -> (UnsafeMutableRawPointer, Int) {
    let sides = 1...KernelLimits.matrixSideMax
    precondition(sides.contains(outputs) && sides.contains(depth))
    precondition(gates == 0 || outputs % gates == 0)
    precondition(bias.map { $0.count == outputs } ?? true)
    let bytes = tsr_matrix_bytes(Int32(outputs), Int32(depth), isInt8, Int32(gates))
    // Uninitialised: the pack function writes all of it.
    return (
      .allocate(byteCount: bytes, alignment: KernelLimits.alignmentBytes), bytes
    )
  }
}
