import CKernels
import Kernels
import Testing

@Suite struct WrongTableTests {
  /// A table that is the scalar one but for one kernel, which does nothing.
  @safe private final class WrongTable {
    let kernel: String
    private let memory: UnsafeMutablePointer<tsr_kernels>

    init(_ kernel: String, _ break: (UnsafeMutablePointer<tsr_kernels>) -> Void) throws {
      self.kernel = kernel
      var index = 0
      while unsafe tsr_known_kernels(index + 1) != nil { index += 1 }
      // The last of the known tables is the scalar one, a constant.
      let scalar = unsafe try #require(tsr_known_kernels(index))
      unsafe memory = .allocate(capacity: 1)
      unsafe memory.initialize(to: scalar.pointee)  // One table, freed by `deinit`.
      unsafe `break`(memory)  // As above.
    }

    deinit {
      // Nobody but this object holds the pointer.
      unsafe memory.deallocate()
    }

    var table: KernelTable { unsafe KernelTable(c: memory) }  // Used while this object lives.
  }

  private static func each() throws -> [WrongTable] {
    // Each writes one member of a whole table, during the call.
    [
      unsafe try WrongTable("quantise") { unsafe $0.pointee.quantise = { _ in } },
      unsafe try WrongTable("product") { unsafe $0.pointee.product = { _ in } },
      unsafe try WrongTable("gather") { unsafe $0.pointee.gather = { _ in } },
      unsafe try WrongTable("recurrence") { unsafe $0.pointee.recurrence = { _ in } },
      unsafe try WrongTable("windows") { unsafe $0.pointee.windows = { _ in } },
      unsafe try WrongTable("attention") { unsafe $0.pointee.attention = { _ in } },
      unsafe try WrongTable("layer_norm") { unsafe $0.pointee.layer_norm = { _ in } },
      unsafe try WrongTable("pool") { unsafe $0.pointee.pool = { _ in } },
      unsafe try WrongTable("combine") { unsafe $0.pointee.combine = { _ in } },
      unsafe try WrongTable("activate") { unsafe $0.pointee.activate = { _ in } },
      unsafe try WrongTable("number") { unsafe $0.pointee.number = { _ in } },
      unsafe try WrongTable("scale") { unsafe $0.pointee.scale = { _ in } },
      unsafe try WrongTable("dot") { unsafe $0.pointee.dot = { _ in } },
      unsafe try WrongTable("l2_norm") { unsafe $0.pointee.l2_norm = { _ in } },
      unsafe try WrongTable("softmax") { unsafe $0.pointee.softmax = { _ in } },
    ]
  }

  @Test("A table with one wrong kernel is passed over, and the kernel is named")
  func passedOver() throws {
    for wrong in try Self.each() {
      let choice = KernelTable.firstSound(of: [wrong.table, .scalar])
      withExtendedLifetime(wrong) {
        #expect(choice.warnings.count == 1)
        #expect(choice.warnings.first?.contains("kernel \(wrong.kernel) of scalar differs") == true)
      }
    }
  }
}
