internal import Kernels
public import TesseraWire

/// The memory in which one batch after another runs.
///
/// Confined to one worker at a time. All memory is reserved when the workspace is made; `reset`,
/// `append`, `run` and `copyScores` allocate nothing. The way of a batch:
/// ```
/// workspace.reset()
/// while workspace.fits(layout) { workspace.append(layout, body: body) }
/// workspace.run()
/// workspace.copyScores(output: 0, rows: rows, into: reply)
/// ```
@safe
public final class Workspace {
  /// The plan that runs here.
  public let plan: Plan
  /// Users appended since the last reset.
  public private(set) var users = 0
  /// Event rows appended since the last reset.
  public private(set) var events = 0
  /// Coupon rows appended since the last reset: rows of each output.
  public private(set) var coupons = 0

  /// The rows that pass through the steps now.
  private(set) var chunk = Chunk()

  /// Values appended to each column that is a bag; 0 for the others.
  private var bagValues: [Int]
  // Reserved by `init`, freed by `deinit`; never leaves this object.
  private let memory: UnsafeMutableRawPointer

  init(_ plan: Plan) {
    self.plan = plan
    bagValues = Array(repeating: 0, count: plan.columns.count)
    unsafe memory = .allocate(
      byteCount: plan.workspaceBytes, alignment: InferenceLimits.blockAlignment)
    reset()
  }

  deinit {
    // Nobody but this object holds the pointer.
    unsafe memory.deallocate()
  }

  /// Forgets the batch.
  public func reset() {
    (users, events, coupons) = (0, 0, 0)
    for column in bagValues.indices {
      bagValues[column] = 0
      if case .bag(_, _, let offsets) = plan.columns[column].target {
        unsafe batchIDs(offsets)[0] = 0  // The block holds rows + 1 offsets.
      }
    }
    unsafe batchIDs(plan.maps.eventsOfBatch)[0] = 0  // As above.
    unsafe batchIDs(plan.maps.couponsOfBatch)[0] = 0
  }

  /// Whether the frame's rows fit beside those already in the batch.
  public func fits(_ layout: ScoreLayout) -> Bool {
    let limits = plan.limits
    guard users + layout.users <= limits.users, events + layout.eventRows <= limits.events,
      coupons + layout.couponRows <= limits.coupons
    else { return false }
    for column in bagValues.indices where layout.columns[column].isBag {
      guard bagValues[column] + layout.columns[column].valueCount <= limits.bagValues else {
        return false
      }
    }
    return true
  }

  /// Adds the frame's users to the batch; their coupons' scores lie after those appended before.
  ///
  /// - Parameters:
  ///   - layout: as decoded from `body` with the plan's signature.
  ///   - body: the body of the SCORE frame; read during the call only.
  /// - Precondition: ``fits(_:)``.
  /// - Complexity: linear in the body.
  public func append(_ layout: ScoreLayout, body: RawSpan) {
    precondition(layout.columns.count == plan.columns.count && fits(layout))
    for column in layout.columns.indices {
      append(layout.columns[column], column: column, body: body)
    }
    for user in 0..<layout.users {
      let record = layout.userRecord(user, in: body)
      appendUser(events: record.events, coupons: record.coupons)
    }
  }

  /// Copies the scores of some coupon rows, counted over the batch in the order of appending.
  ///
  /// - Precondition: `run()` was called after the last `append`; `target` holds 4 · rows.count bytes.
  public func copyScores(
    output: Int, rows: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= coupons)
    precondition(target.count >= 4 * rows.count)
    let source = unsafe batchRows(plan.outputs[output])
    for (index, row) in rows.enumerated() {
      // Both indices were checked above; the wire's byte order is little-endian.
      let bits = unsafe source.base[row * source.stride].bitPattern.littleEndian
      unsafe target.storeBytes(of: bits, toByteOffset: 4 * index, as: UInt32.self)
    }
  }

  private func append(_ layout: ColumnLayout, column: Int, body: RawSpan) {
    let input = plan.columns[column]
    let row =
      switch input.axis {
      case .user: users
      case .event: events
      case .coupon: coupons
      }
    // `fits` has made sure that every row and value has room in the column's blocks.
    switch input.target {
    case .ids(let lookup, let block):
      unsafe layout.decodeIDs(lookup, body, into: batchIDs(block) + row)
    case .number(let operand, let missing):
      let rows = unsafe batchRows(operand)
      unsafe layout.decodeNumbers(
        body, missing: missing, into: rows.base + row * rows.stride, stride: rows.stride)
    case .bag(let lookup, let block, let offsets):
      unsafe layout.decodeIDs(lookup, body, into: batchIDs(block) + bagValues[column])
      let ends = unsafe batchIDs(offsets) + row
      for index in 0..<layout.rows {
        let members = Int32(body.littleEndian(at: layout.countsOffset + index, as: UInt8.self))
        unsafe ends[index + 1] = ends[index] + members
      }
      bagValues[column] += layout.valueCount
    }
  }

  private func appendUser(events newEvents: Int, coupons newCoupons: Int) {
    users += 1
    events += newEvents
    coupons += newCoupons
    // `fits` has made sure of the room.
    unsafe batchIDs(plan.maps.eventsOfBatch)[users] = Int32(events)
    unsafe batchIDs(plan.maps.couponsOfBatch)[users] = Int32(coupons)
  }
}

@available(*, unavailable)
extension Workspace: Sendable {}

// MARK: - Chunks

/// Users that pass through all steps together, with their rows.
struct Chunk {
  var users = 0..<0
  var events = 0..<0
  var coupons = 0..<0

  func rows(_ axis: Axis) -> Range<Int> {
    switch axis {
    case .user: users
    case .event: events
    case .coupon: coupons
    }
  }
}

extension Workspace {
  /// Goes to the first chunk of the batch.
  func beginChunks() { chunk = Chunk() }

  /// Goes to the next users of the batch, as many as a chunk holds; false when all have passed.
  func nextChunk() -> Bool {
    let first = chunk.users.upperBound
    guard first < users else { return false }
    let events = unsafe batchIDs(plan.maps.eventsOfBatch)
    let coupons = unsafe batchIDs(plan.maps.couponsOfBatch)
    var next = first
    // Both blocks hold an offset for every user and one more.
    while next < users, next - first < plan.chunk.users,
      unsafe Int(events[next + 1] - events[first]) <= plan.chunk.events,
      unsafe Int(coupons[next + 1] - coupons[first]) <= plan.chunk.coupons
    { next += 1 }
    // Layouts were decoded with the plan's signature, so one user always fits.
    precondition(next > first, "a user has more rows than the model's limits")
    chunk.users = first..<next
    chunk.events = unsafe Int(events[first])..<Int(events[next])
    chunk.coupons = unsafe Int(coupons[first])..<Int(coupons[next])
    for user in 0..<next - first {
      let (eventsBegin, couponsBegin) = unsafe (events[first + user], coupons[first + user])
      mapRows(
        of: user, events: Int(eventsBegin) - chunk.events.lowerBound,
        count: unsafe Int(events[first + user + 1] - eventsBegin),
        coupons: Int(couponsBegin) - chunk.coupons.lowerBound,
        count: unsafe Int(coupons[first + user + 1] - couponsBegin))
    }
    unsafe ids(plan.maps.eventOffsets)[next - first] = Int32(chunk.events.count)
    return true
  }

  /// Notes which rows of the chunk belong to a user of it.
  private func mapRows(
    of user: Int, events firstEvent: Int, count eventCount: Int, coupons firstCoupon: Int,
    count couponCount: Int
  ) {
    // The chunk's blocks have room for its rows: `nextChunk` has counted them.
    unsafe ids(plan.maps.eventOffsets)[user] = Int32(firstEvent)
    let userOfEvent = unsafe ids(plan.maps.userOfEvent) + firstEvent
    let position = unsafe ids(plan.maps.positionOfEvent) + firstEvent
    for index in 0..<eventCount {
      unsafe userOfEvent[index] = Int32(user)
      unsafe position[index] = Int32(index)
    }
    let userOfCoupon = unsafe ids(plan.maps.userOfCoupon) + firstCoupon
    for index in 0..<couponCount { unsafe userOfCoupon[index] = Int32(user) }
  }
}

// MARK: - Memory

extension Workspace {
  private func address(_ block: Int) -> UnsafeMutableRawPointer {
    // The map lays every block inside the memory.
    unsafe memory + plan.memoryMap.offsets[block]
  }

  /// The first row of the chunk in a block: blocks of the batch hold the chunks before it, too.
  private func firstRow(_ block: Int) -> Int {
    plan.isBatchWide[block] ? chunk.rows(plan.blocks[block].axis).lowerBound : 0
  }

  private func width(_ block: Int) -> Int {
    guard case .float(let width) = plan.blocks[block].content else {
      preconditionFailure("not a block of float rows")
    }
    return width
  }

  /// A block of ids or offsets from the batch's first row on.
  private func batchIDs(_ block: Int) -> UnsafeMutablePointer<Int32> {
    // Blocks are aligned and hold one type.
    unsafe address(block).assumingMemoryBound(to: Int32.self)
  }

  /// Columns of a block of float rows from the batch's first row on.
  private func batchRows(_ operand: FloatOperand) -> FloatRows {
    // As above.
    let base = unsafe address(operand.block).assumingMemoryBound(to: Float.self)
    return unsafe FloatRows(base + operand.column, stride: width(operand.block))
  }

  /// A block of ids or offsets from the chunk's first row on. Members of bags are not rows: their
  /// offsets count from the batch's first.
  func ids(_ block: Int) -> UnsafeMutablePointer<Int32> {
    let first = plan.blocks[block].content == .bagIDs ? 0 : firstRow(block)
    return unsafe batchIDs(block) + first
  }

  /// Columns of a block of float rows from the chunk's first row on.
  func rows(_ operand: FloatOperand) -> FloatRows {
    let rows = unsafe batchRows(operand)
    return unsafe FloatRows(
      rows.base + firstRow(operand.block) * rows.stride, stride: rows.stride)
  }

  /// A block of one column from the chunk's first row on.
  func floats(_ block: Int) -> UnsafeMutablePointer<Float> {
    unsafe rows(FloatOperand(block: block)).base
  }

  func quantisedRows(_ block: Int) -> QuantisedRows {
    guard case .quantised(let columns) = plan.blocks[block].content else {
      preconditionFailure("not a block of quantised rows")
    }
    let rows = KernelLimits.paddedRows(plan.chunk.rows(plan.blocks[block].axis))
    let values = unsafe address(block)
    let scales = unsafe values + rows * KernelLimits.paddedColumns(columns)
    return unsafe QuantisedRows(
      values: values.assumingMemoryBound(to: Int8.self),
      scales: scales.assumingMemoryBound(to: Float.self))
  }

  var scratch: UnsafeMutableRawPointer {
    // As large as the largest step wants; steps run one after the other.
    unsafe memory + plan.scratchOffset
  }
}
