public import Kernels
public import ModelGraph
public import TesseraWire

/// A model compiled for scoring: steps over blocks of memory, with all weights packed.
///
/// Immutable; any number of workspaces on any threads may run it at once. Everything that depends on
/// the model alone is done here, so that a batch only runs kernels.
public final class Plan: Sendable {
  /// The columns that requests carry and the outputs that replies carry.
  public let signature: Signature
  /// What one batch may hold.
  public let limits: BatchLimits
  /// Name of the instruction set that the steps run on.
  public var kernelName: String { kernels.name }
  /// Bytes of memory that each workspace reserves.
  public let workspaceBytes: Int
  /// Bytes of packed weights and tables.
  public let weightBytes: Int

  let kernels: KernelTable
  let steps: [Step]
  let blocks: [Block]
  let columns: [ColumnInput]
  let outputs: [FloatOperand]
  let memoryMap: MemoryMap
  let maps: RowMaps
  let scratchOffset: Int

  /// What passes through all steps together.
  let chunk: BatchLimits
  /// Whether a block holds the rows of the whole batch, and not those of one chunk: inputs, outputs.
  let isBatchWide: [Bool]

  /// Blocks that say which rows belong to which user.
  struct RowMaps: Sendable {
    /// int32 [users + 1] of the batch: where each user's events begin.
    let eventsOfBatch: Int
    /// int32 [users + 1] of the batch: where each user's coupons begin.
    let couponsOfBatch: Int
    /// int32 [users + 1] of the chunk, as are all below.
    let eventOffsets: Int
    /// int32 [events].
    let userOfEvent: Int
    /// int32 [events]: 0 for the user's oldest event.
    let positionOfEvent: Int
    /// int32 [coupons].
    let userOfCoupon: Int
  }

  /// Validates the tensors, packs them and writes the steps.
  ///
  /// A matrix that is int8 is multiplied in int8 with inputs quantised row by row; a float32 one in
  /// float32. Scores do not depend on `kernels`.
  /// - Complexity: linear in the weights; holds them once more, packed.
  public convenience init(
    graph: TypedGraph, tensors: [TensorData], limits: BatchLimits, kernels: KernelTable = .best
  ) throws(PlanError) {
    try self.init(graph: graph, tensors: tensors, limits: limits, kernels: kernels, chunk: .chunk)
  }

  /// As above, with chunks of another size, for tests.
  package init(
    graph: TypedGraph, tensors: [TensorData], limits: BatchLimits, kernels: KernelTable,
    chunk: BatchLimits
  ) throws(PlanError) {
    try Self.check(limits, graph)
    do {
      try graph.validate(tensors)
    } catch {
      throw PlanError(error)
    }
    var builder = PlanBuilder(graph: graph, tensors: tensors, kernels: kernels)
    maps = RowMaps(
      eventsOfBatch: builder.block("events of users", .user, .offsets),
      couponsOfBatch: builder.block("coupons of users", .user, .offsets),
      eventOffsets: builder.block("rows of users", .user, .offsets),
      userOfEvent: builder.block("users of events", .event, .ids),
      positionOfEvent: builder.block("positions of events", .event, .ids),
      userOfCoupon: builder.block("users of coupons", .coupon, .ids))
    outputs = graph.outputs.map { builder.float(builder.value(.node($0))) }
    steps = builder.steps
    blocks = builder.blocks
    columns = builder.columns
    signature = graph.signature
    self.limits = limits
    self.kernels = kernels

    let model = graph.description.limits
    // One user must fit into a chunk, and a chunk is never larger than a batch.
    let chunk = BatchLimits(
      users: min(limits.users, chunk.users),
      events: min(limits.events, max(chunk.events, model.events)),
      coupons: min(limits.coupons, max(chunk.coupons, model.coupons)), bagValues: 0)
    self.chunk = chunk
    let batchWide = Set(
      columns.flatMap(\.blocks) + outputs.map(\.block)
        + [maps.eventsOfBatch, maps.couponsOfBatch])
    isBatchWide = blocks.indices.map(batchWide.contains)
    memoryMap = MemoryMap(
      sizes: blocks.indices.map { [blocks] block in
        blocks[block].byteCount(batchWide.contains(block) ? limits : chunk)
      },
      lives: Self.lives(steps: steps, blocks: blocks.count, pinned: batchWide.union(maps.all)))
    let scratch = steps.map {
      $0.action.scratchBytes(chunk, axis: $0.axis, eventsOfAUserMax: model.events)
    }
    scratchOffset = memoryMap.byteCount
    workspaceBytes = scratchOffset + (scratch.max() ?? 0) + InferenceLimits.blockAlignment
    weightBytes = Self.weightBytes(steps)
    guard workspaceBytes <= InferenceLimits.workspaceBytesMax else {
      throw PlanError(
        .limits,
        "a workspace for \(limits.users) users, \(limits.events) events and \(limits.coupons) coupons "
          + "needs \(workspaceBytes) bytes; lower the batch limits or the model's widths")
    }
  }

  /// Memory in which batches of this plan run; for one thread at a time.
  public func makeWorkspace() -> Workspace { Workspace(self) }

  private static func check(_ limits: BatchLimits, _ graph: TypedGraph) throws(PlanError) {
    let largest = max(limits.users, limits.events, limits.coupons, limits.bagValues)
    guard largest <= InferenceLimits.rowsMax else {
      throw PlanError(.limits, "a batch of \(largest) rows is above \(InferenceLimits.rowsMax)")
    }
    let model = graph.description.limits
    guard limits.users >= 1, limits.events >= model.events, limits.coupons >= model.coupons,
      limits.bagValues >= Limits.bagMembersMax
    else {
      throw PlanError(
        .limits,
        "a batch must hold one user with \(model.events) events, \(model.coupons) coupons and a full "
          + "bag; raise the batch limits")
    }
  }

  /// First and last step of each block. Inputs, maps and outputs live throughout: they are written
  /// before the first step and read after the last, and a batch may be run twice.
  private static func lives(
    steps: [Step], blocks: Int, pinned: Set<Int>
  ) -> [ClosedRange<Int>] {
    var lives = [ClosedRange<Int>?](repeating: nil, count: blocks)
    for (index, step) in steps.enumerated() {
      for block in step.action.blocks {
        lives[block] = (lives[block]?.lowerBound ?? index)...index
      }
    }
    for block in pinned { lives[block] = -1...steps.count }
    return lives.map { $0 ?? -1...steps.count }
  }

  private static func weightBytes(_ steps: [Step]) -> Int {
    var seen: Set<ObjectIdentifier> = []
    var bytes = 0
    for step in steps {
      switch step.action {
      case .product(let matrix, _, _, _, _, _): bytes += matrix.byteCount
      case .lstm(let input, let recurrent, _, _, _):
        bytes += recurrent.byteCount + (input.product?.matrix.byteCount ?? 0)
        bytes += input.lookups.reduce(0) { $0 + $1.table.byteCount }
      case .gather(let table, _, _, _, _):
        if seen.insert(ObjectIdentifier(table)).inserted { bytes += table.byteCount }
      default: break
      }
    }
    return bytes
  }
}

extension Plan.RowMaps {
  var all: [Int] {
    [eventsOfBatch, couponsOfBatch, eventOffsets, userOfEvent, positionOfEvent, userOfCoupon]
  }
}

extension ColumnInput {
  /// The blocks that requests are decoded into.
  var blocks: [Int] {
    switch target {
    case .ids(_, let block): [block]
    case .number(let operand, _): [operand.block]
    case .bag(_, let block, let offsets): [block, offsets]
    }
  }
}
