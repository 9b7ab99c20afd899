internal import Kernels
public import TesseraWire

/// The memory in which one batch after another runs.
///
/// Confined to one worker at a time. All memory is reserved when the workspace is made; `reset`,
/// `append`, `run` and `copyScores` allocate nothing. The way of a batch:
/// ```
/// workspace.reset()
/// while workspace.fits(layout, body: body) { workspace.append(layout, body: body) }
/// workspace.run()
/// workspace.copyScores(output: 0, rows: rows, into: reply)
/// ```
@safe
public final class Workspace {
  /// The plan that runs here.
  public let plan: Plan
  /// Rows appended since the last reset. Outputs have the rows of their axis; bag values are not counted.
  public private(set) var rows = RowCounts()

  /// The rows that pass through the steps now.
  var chunk = PerAxis(repeating: 0..<0)
  /// The sequence of events that the step at hand works on.
  var sequence = 0

  /// Values appended to each column that is a bag; 0 for the others.
  private var bagValues: [Int]
  // Reserved by `init`, freed by `deinit`; never leaves this object.
  let memory: UnsafeMutableRawPointer

  init(_ plan: Plan) {
    self.plan = plan
    bagValues = Array(repeating: 0, count: plan.columns.count)
    // The size that the plan's memory map and scratch need.
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
    rows = RowCounts()
    for column in bagValues.indices {
      bagValues[column] = 0
      if case .bag(_, _, let offsets) = plan.columns[column].target {
        unsafe batchIDs(offsets)[0] = 0  // The block holds rows + 1 offsets.
      }
    }
    for axis in Axis.allCases where axis.parent != nil {
      unsafe batchIDs(Self.block(plan.maps.offsetsOfBatch[axis]))[0] = 0  // As above.
    }
  }

  /// Whether the rows of these users fit beside those already in the batch.
  ///
  /// - Parameters: as for ``append(_:users:columns:body:)``.
  /// - Complexity: as ``append(_:users:columns:body:)`` for bags and for some of the users, else O(columns).
  public func fits(
    _ layout: ScoreLayout, users: Range<Int>? = nil, columns: ColumnMap = .identity, body: RawSpan
  ) -> Bool {
    fits(layout, layout.rows(of: users ?? 0..<layout.users, in: body), columns, body)
  }

  private func fits(
    _ layout: ScoreLayout, _ added: PerAxis<Range<Int>>, _ columns: ColumnMap, _ body: RawSpan
  ) -> Bool {
    for axis in Axis.allCases where rows[axis] + added[axis].count > plan.limits[axis] {
      return false
    }
    for column in bagValues.indices {
      let source = layout.columns[columns[column]]
      guard source.isBag else { continue }
      let values = source.slice(added[plan.columns[column].axis], in: body).valueCount
      guard bagValues[column] + values <= plan.limits.bagValues else { return false }
    }
    return true
  }

  /// Adds users of a frame to the batch; their rows lie after those appended before. A frame may be
  /// appended in parts, in any order.
  ///
  /// - Parameters:
  ///   - layout: as decoded from `body`, with the plan's signature or with one that `columns` leads to.
  ///   - users: which of the frame's users; nil for all.
  ///   - columns: where the plan's columns lie in the layout.
  ///   - body: the body of the SCORE frame; read during the call only.
  /// - Precondition: ``fits(_:users:columns:body:)``.
  /// - Complexity: linear in the part of the body that is read; for some of the users what lies before them
  ///   is counted.
  public func append(
    _ layout: ScoreLayout, users: Range<Int>? = nil, columns: ColumnMap = .identity, body: RawSpan
  ) {
    let users = users ?? 0..<layout.users
    precondition(columns.leads(plan.columns.count, into: layout.columns.count))
    let added = layout.rows(of: users, in: body)
    precondition(fits(layout, added, columns, body))
    for column in plan.columns.indices {
      let source = layout.columns[columns[column]]
      append(source.slice(added[plan.columns[column].axis], in: body), to: column, body: body)
    }
    for user in users {
      let record = layout.userRecord(user, in: body)
      append(RowCounts(users: 1, events: record.events, coupons: record.coupons))
    }
  }

  /// Copies scores of an output: some rows of its axis, counted over the batch in the order of appending.
  /// Returns whether all of them are finite: inputs and weights may be so large that sums overflow.
  ///
  /// - Precondition: `run()` was called after the last `append`; `target` holds four bytes for each number: as
  ///   many as the output is wide in each row.
  @discardableResult
  public func copyScores(
    output: Int, rows: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let operand = plan.outputs[output]
    let axis = plan.blocks[operand.block].axis
    precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows[axis])
    let width = plan.signature.outputs[output].width
    precondition(target.count >= 4 * width * rows.count)
    // Rows of the output's block, checked above.
    let source = unsafe batchRows(operand)
    var isFinite = true
    for (index, row) in rows.enumerated() {
      for column in 0..<width {
        // All indices were checked above; the wire's byte order is little-endian.
        let score = unsafe source.base[row * source.stride + column]
        isFinite = isFinite && score.isFinite
        unsafe target.storeBytes(
          of: score.bitPattern.littleEndian, toByteOffset: 4 * (index * width + column),
          as: UInt32.self)
      }
    }
    return isFinite
  }

  private func append(_ layout: ColumnLayout, to column: Int, body: RawSpan) {
    let input = plan.columns[column]
    let row = rows[input.axis]
    // `fits` has made sure that every row and value has room in the column's blocks.
    switch input.target {
    case .ids(let lookup, let block):
      unsafe layout.decodeIDs(lookup, body, into: batchIDs(block) + row)
    case .number(let operand, let missing):
      let rows = unsafe batchRows(operand)
      unsafe layout.decodeNumbers(
        body, missing: missing, into: rows.base + row * rows.stride, stride: rows.stride)
    case .vector(let operand, _):
      // As above.
      let rows = unsafe batchRows(operand)
      unsafe layout.decodeVectors(
        body, into: rows.base + row * rows.stride, stride: rows.stride)
    case .bag(let lookup, let block, let offsets):
      // As above.
      unsafe layout.decodeIDs(lookup, body, into: batchIDs(block) + bagValues[column])
      let ends = unsafe batchIDs(offsets) + row
      for index in 0..<layout.rows {
        let members = Int32(body.littleEndian(at: layout.countsOffset + index, as: UInt8.self))
        unsafe ends[index + 1] = ends[index] + members  // As above.
      }
      bagValues[column] += layout.valueCount
    }
  }

  /// Notes the rows of one user.
  private func append(_ user: RowCounts) {
    rows = rows + user
    for axis in Axis.allCases {
      guard let parent = axis.parent else { continue }
      // `fits` has made sure of the room.
      unsafe batchIDs(Self.block(plan.maps.offsetsOfBatch[axis]))[rows[parent]] = Int32(rows[axis])
    }
  }
}

@available(*, unavailable)
extension Workspace: Sendable {}
