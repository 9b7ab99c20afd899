package import CKernels

/// The kernels of one instruction set. A value of one pointer: pass it around freely.
///
/// Every table computes the same bits. No kernel allocates, keeps state or takes a lock; memory, scratch
/// included, belongs to the caller. Scratch is aligned to ``KernelLimits/alignmentBytes`` and may be
/// shared by kernels that run one after the other.
@safe
public struct KernelTable: Sendable, CustomStringConvertible {
  // Points to a constant of the C module.
  nonisolated(unsafe) let c: UnsafePointer<tsr_kernels>

  /// A table of the C module, or of a test; it must outlive every value made of it.
  package init(c: UnsafePointer<tsr_kernels>) { unsafe self.c = c }  // Kept, and read later.

  // The name is a C string constant.
  /// `scalar`, `avx2`, `avx512vnni`, `amx` or `neon`.
  public var name: String { unsafe String(cString: c.pointee.name) }

  /// The name.
  public var description: String { name }
}
