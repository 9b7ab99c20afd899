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
  public let limits: RowCounts
  /// Whose rows each output has, in the signature's order.
  public var outputAxes: [Axis] { outputs.map { blocks[$0.block].axis } }
  /// Name of the instruction set that the steps run on.
  public var kernelName: String { kernels.name }
  /// Bytes of memory that each workspace reserves.
  public let workspaceBytes: Int
  /// Bytes of packed weights and tables.
  public let weightBytes: Int
  /// What the time of a batch grows with.
  public let costTerms: CostTerms

  let kernels: KernelTable
  let steps: [Step]
  let blocks: [Block]
  let columns: [ColumnInput]
  let outputs: [FloatOperand]
  let memoryMap: MemoryMap
  let maps: RowMaps
  let sequences: [TypedGraph.Sequence]
  let scratchOffset: Int

  /// What passes through all steps together.
  let chunk: RowCounts
  /// Whether a block holds the rows of the whole batch, and not those of one chunk: inputs, outputs.
  let isBatchWide: [Bool]

  /// Validates the tensors, packs them and writes the steps.
  ///
  /// A matrix that is int8 is multiplied in int8 with inputs quantised row by row; a float32 one in
  /// float32. Scores do not depend on `kernels`.
  /// - Complexity: linear in the weights; holds them once more, packed.
  public convenience init(
    graph: TypedGraph, tensors: [TensorData], limits: RowCounts, kernels: KernelTable = .best
  ) throws(PlanError) {
    try self.init(graph: graph, tensors: tensors, limits: limits, kernels: kernels, chunk: .chunk)
  }

  /// As above, with chunks of another size, for tests.
  package init(
    graph: TypedGraph, tensors: [TensorData], limits: RowCounts, kernels: KernelTable,
    chunk: RowCounts
  ) throws(PlanError) {
    try Self.check(limits, graph)
    do {
      try graph.validate(tensors)
    } catch {
      throw PlanError(error)
    }
    var builder = PlanBuilder(graph: graph, tensors: tensors, kernels: kernels)
    maps = RowMaps(&builder)
    outputs = graph.outputs.map { builder.float(builder.value(.node($0))) }
    steps = builder.steps
    blocks = builder.blocks
    columns = builder.columns
    signature = graph.signature
    sequences = graph.sequences
    self.limits = limits
    self.kernels = kernels

    // One user must fit into a chunk, and a chunk is never larger than a batch.
    let userMax = graph.description.limits.ofOneUser
    let chunk = RowCounts(
      rows: PerAxis { min(limits[$0], max(chunk[$0], userMax[$0])) }, bagValues: 0)
    self.chunk = chunk
    let batchWide = Set(
      columns.flatMap(\.blocks) + outputs.map(\.block) + maps.batchWide)
    isBatchWide = blocks.indices.map(batchWide.contains)
    memoryMap = MemoryMap(
      sizes: blocks.indices.map { [blocks] block in
        blocks[block].byteCount(batchWide.contains(block) ? limits : chunk)
      },
      lives: Self.lives(steps: steps, blocks: blocks.count, pinned: batchWide.union(maps.all)))
    let scratch = steps.map {
      $0.action.scratchBytes(
        ChunkSize(rows: chunk[$0.axis], chunk: chunk, eventsOfAUserMax: userMax[.event]))
    }
    scratchOffset = memoryMap.byteCount
    workspaceBytes = scratchOffset + (scratch.max() ?? 0) + InferenceLimits.blockAlignment
    weightBytes = Self.weightBytes(steps)
    costTerms = CostTerms(steps)
    guard workspaceBytes <= InferenceLimits.workspaceBytesMax else {
      throw PlanError(
        .limits,
        "a workspace for \(limits.words) needs \(workspaceBytes) bytes; lower the batch limits or the "
          + "model's widths")
    }
  }

  /// Memory in which batches of this plan run; for one thread at a time.
  public func makeWorkspace() -> Workspace { Workspace(self) }

  private static func check(_ limits: RowCounts, _ graph: TypedGraph) throws(PlanError) {
    let largest = Axis.allCases.map { limits[$0] }.reduce(limits.bagValues, max)
    guard largest <= InferenceLimits.rowsMax else {
      throw PlanError(.limits, "a batch of \(largest) rows is above \(InferenceLimits.rowsMax)")
    }
    let least = graph.description.limits.ofOneUser
    guard least.fits(in: limits) else {
      throw PlanError(
        .limits,
        "a batch must hold one user with its rows (\(least.words)) and a full bag of "
          + "\(least.bagValues); raise the batch limits")
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

  /// Each matrix and table once, however many steps read it.
  private static func weightBytes(_ steps: [Step]) -> Int {
    var seen: Set<ObjectIdentifier> = []
    return steps.flatMap(\.action.weights).reduce(0) { bytes, weights in
      seen.insert(ObjectIdentifier(weights)).inserted ? bytes + weights.byteCount : bytes
    }
  }
}

extension ModelDescription.Rows {
  /// The most that one user brings.
  fileprivate var ofOneUser: RowCounts {
    RowCounts(users: 1, events: events, coupons: coupons, bagValues: Limits.bagMembersMax)
  }
}

extension ColumnInput {
  /// The blocks that requests are decoded into.
  var blocks: [Int] {
    switch target {
    case .ids(_, let block): [block]
    case .number(let operand, _), .vector(let operand, _): [operand.block]
    case .bag(_, let block, let offsets): [block, offsets]
    }
  }
}
