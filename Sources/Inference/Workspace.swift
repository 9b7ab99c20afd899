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
        unsafe ids(offsets)[0] = 0  // The block holds rows + 1 offsets.
      }
    }
    unsafe ids(plan.maps.eventOffsets)[0] = 0  // As above.
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
    let source = unsafe self.rows(plan.outputs[output])
    for (index, row) in rows.enumerated() {
      // Both indices were checked above; the wire's byte order is little-endian.
      let bits = unsafe source.base[row * source.stride].bitPattern.littleEndian
      unsafe target.storeBytes(of: bits, toByteOffset: 4 * index, as: UInt32.self)
    }
  }

  private func append(_ layout: ColumnLayout, column: Int, body: RawSpan) {
    let input = plan.columns[column]
    let row = count(input.axis)
    // `fits` has made sure that every row and value has room in the column's blocks.
    switch input.target {
    case .ids(let lookup, let block):
      unsafe layout.decodeIDs(lookup, body, into: ids(block) + row)
    case .number(let operand, let missing):
      let rows = unsafe rows(operand)
      unsafe layout.decodeNumbers(
        body, missing: missing, into: rows.base + row * rows.stride, stride: rows.stride)
    case .bag(let lookup, let block, let offsets):
      unsafe layout.decodeIDs(lookup, body, into: ids(block) + bagValues[column])
      let ends = unsafe ids(offsets) + row
      for index in 0..<layout.rows {
        let members = Int32(body.littleEndian(at: layout.countsOffset + index, as: UInt8.self))
        unsafe ends[index + 1] = ends[index] + members
      }
      bagValues[column] += layout.valueCount
    }
  }

  private func appendUser(events newEvents: Int, coupons newCoupons: Int) {
    let userOfEvent = unsafe ids(plan.maps.userOfEvent) + events
    let position = unsafe ids(plan.maps.positionOfEvent) + events
    // `fits` has made sure of the room.
    for index in 0..<newEvents {
      unsafe userOfEvent[index] = Int32(users)
      unsafe position[index] = Int32(index)
    }
    let userOfCoupon = unsafe ids(plan.maps.userOfCoupon) + coupons
    for index in 0..<newCoupons { unsafe userOfCoupon[index] = Int32(users) }
    users += 1
    events += newEvents
    coupons += newCoupons
    unsafe ids(plan.maps.eventOffsets)[users] = Int32(events)
  }
}

@available(*, unavailable)
extension Workspace: Sendable {}

// MARK: - Memory

extension Workspace {
  /// Rows of the batch on an axis.
  func count(_ axis: Axis) -> Int {
    switch axis {
    case .user: users
    case .event: events
    case .coupon: coupons
    }
  }

  private func address(_ block: Int) -> UnsafeMutableRawPointer {
    // The map lays every block inside the memory.
    unsafe memory + plan.memoryMap.offsets[block]
  }

  func ids(_ block: Int) -> UnsafeMutablePointer<Int32> {
    // Blocks are aligned and hold one type.
    unsafe address(block).assumingMemoryBound(to: Int32.self)
  }

  func floats(_ block: Int) -> UnsafeMutablePointer<Float> {
    // As above.
    unsafe address(block).assumingMemoryBound(to: Float.self)
  }

  func rows(_ operand: FloatOperand) -> FloatRows {
    guard case .float(let width) = plan.blocks[operand.block].content else {
      preconditionFailure("not a block of float rows")
    }
    return unsafe FloatRows(floats(operand.block) + operand.column, stride: width)
  }

  func quantisedRows(_ block: Int) -> QuantisedRows {
    guard case .quantised(let columns) = plan.blocks[block].content else {
      preconditionFailure("not a block of quantised rows")
    }
    let rows = KernelLimits.paddedRows(plan.limits.rows(plan.blocks[block].axis))
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
