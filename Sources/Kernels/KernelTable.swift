internal import CKernels

/// The kernels of one instruction set. A value of one pointer: pass it around freely.
///
/// Every table computes the same bits. No kernel allocates, keeps state or takes a lock; memory, scratch
/// included, belongs to the caller. Scratch is aligned to ``KernelLimits/alignmentBytes`` and may be
/// shared by kernels that run one after the other.
@safe
public struct KernelTable: Sendable, CustomStringConvertible {
  // Points to a constant of the C module.
  nonisolated(unsafe) let c: UnsafePointer<tsr_kernels>

  // The name is a C string constant.
  /// `scalar`, `avx2`, `avx512vnni`, `amx` or `neon`.
  public var name: String { unsafe String(cString: c.pointee.name) }

  /// The name.
  public var description: String { name }
}
