internal import TesseraWire

// A batch passes through the steps a chunk of users after the other.
extension Workspace {
  /// Goes to the first chunk of the batch.
  func beginChunks() { chunk = PerAxis(repeating: 0..<0) }

  /// Goes to the next users of the batch, as many as a chunk holds; false when all have passed.
  func nextChunk() -> Bool {
    let first = chunk[.user].upperBound
    guard first < rows[.user] else { return false }
    var next = first
    while next < rows[.user], next - first < plan.chunk[.user], fitsChunk(first..<next + 1) {
      next += 1
    }
    // Layouts were decoded with the plan's limits, so one user always fits.
    precondition(next > first, "a user has more rows than the model's limits")
    for axis in Axis.allCases { chunk[axis] = batchRows(of: axis, users: first..<next) }
    for axis in Axis.allCases { mapRows(of: axis) }
    return true
  }

  private func fitsChunk(_ users: Range<Int>) -> Bool {
    for axis in Axis.allCases
    where batchRows(of: axis, users: users).count > plan.chunk[axis] { return false }
    return true
  }

  /// The rows of the batch that these users own, over all generations.
  private func batchRows(of axis: Axis, users: Range<Int>) -> Range<Int> {
    guard let parent = axis.parent else { return users }
    let owners = batchRows(of: parent, users: users)
    // The block holds an offset for every row of the parent and one more.
    let offsets = unsafe batchIDs(Self.block(plan.maps.offsetsOfBatch[axis]))
    return unsafe Int(offsets[owners.lowerBound])..<Int(offsets[owners.upperBound])
  }

  /// Notes which rows of the chunk belong to which row of the parent.
  private func mapRows(of axis: Axis) {
    guard let parent = axis.parent else { return }
    let (owners, first) = (chunk[parent], chunk[axis].lowerBound)
    // The chunk's blocks have room for its rows: `nextChunk` has counted them.
    let offsetsOfBatch = unsafe batchIDs(Self.block(plan.maps.offsetsOfBatch[axis]))
    let offsets = unsafe ids(Self.block(plan.maps.offsets[axis]))
    let parents = unsafe ids(Self.block(plan.maps.parents[axis]))
    for owner in 0...owners.count {
      // As above.
      unsafe offsets[owner] = offsetsOfBatch[owners.lowerBound + owner] - Int32(first)
    }
    for owner in 0..<owners.count {
      // As above.
      let rows = unsafe Int(offsets[owner])..<Int(offsets[owner + 1])
      for row in rows { unsafe parents[row] = Int32(owner) }
      guard axis == .event else { continue }
      let positions = unsafe eventPositions
      for row in rows { unsafe positions[row] = Int32(row - rows.lowerBound) }  // As above.
    }
  }
}
