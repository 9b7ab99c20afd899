import CAllocations
import Inference
import Kernels
import ModelGraph
import Testing
import TesseraWire

/// P8: no heap allocation per request in the plan.
@Suite("A plan runs without the heap")
struct AllocationTests {
  @Test(
    "resetting, appending, running and copying scores allocate nothing",
    .enabled(if: tsr_allocations_are_counted(), "a sanitizer has its own malloc"),
    .disabled(if: Self.isUnoptimised, "code that is not optimised boxes its iterators"),
    arguments: UInt64(1)...12, Storage.allCases)
  func none(seed: UInt64, storage: Storage) throws {
    for hasSequences in [false, true] {
      try expectNone(
        RandomModel(seed: seed, hasSequences: hasSequences), seed: seed, storage: storage)
    }
  }

  @Test(
    "nor do operations on elements and rows",
    .enabled(if: tsr_allocations_are_counted(), "a sanitizer has its own malloc"),
    .disabled(if: Self.isUnoptimised, "code that is not optimised boxes its iterators"),
    arguments: UInt64(1)...12)
  func elements(seed: UInt64) throws {
    try expectNone(RandomModel(seed: seed, hasElements: true), seed: seed, storage: .mixed)
  }

  private func expectNone(_ model: RandomModel, seed: UInt64, storage: Storage) throws {
    var model = model
    let (graph, tensors) = try model.make()
    let requests = try [0, 3, 19].map {
      try model.request(graph.signature, events: $0, coupons: 1 + $0 % 5)
    }
    for kernels in KernelTable.available {
      let plan = try Plan(
        graph: graph, tensors: storage.of(tensors, graph, seed: seed), limits: .small,
        kernels: kernels)
      let workspace = plan.makeWorkspace()
      var scores = [Float](repeating: 0, count: 1_024)
      // Whatever the runtime sets up once, it sets up in the first round.
      _ = allocations(workspace, requests, into: &scores)
      #expect(allocations(workspace, requests, into: &scores) == 0, "\(plan)")
    }
  }

  @Test(
    "the counter counts",
    .enabled(if: tsr_allocations_are_counted(), "a sanitizer has its own malloc"))
  func counter() {
    let before = tsr_allocations_of_this_thread()
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    unsafe memory.deallocate()  // Nobody reads it.
    #expect(tsr_allocations_of_this_thread() > before)
  }

  private static var isUnoptimised: Bool {
    var isDebug = false
    assert(
      {
        isDebug = true; return true
      }())
    return isDebug
  }

  private func allocations(
    _ workspace: Workspace, _ requests: [Request], into scores: inout [Float]
  ) -> UInt64 {
    let before = tsr_allocations_of_this_thread()
    workspace.reset()
    for request in requests {
      // Integers have no padding that `bytes` could expose.
      let body = unsafe request.body.span.bytes
      if workspace.fits(request.layout, body: body) {
        workspace.append(request.layout, body: body)
      }
      for user in 0..<request.layout.users
      where workspace.fits(request.layout, users: user..<user + 1, body: body) {
        workspace.append(request.layout, users: user..<user + 1, body: body)
      }
    }
    workspace.run()
    let coupons = workspace.rows[.coupon]
    // The array holds more scores than any batch here has coupons.
    _ = unsafe scores.withUnsafeMutableBytes { target in
      unsafe workspace.copyScores(output: 0, rows: 0..<coupons, into: target)
    }
    return tsr_allocations_of_this_thread() - before
  }
}
