internal import ModelGraph
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
    for sequence in plan.sequences.indices { mapRows(ofSequence: sequence) }
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
    }
  }

  /// Notes which rows of a sequence belong to which user, and in which order.
  private func mapRows(ofSequence index: Int) {
    let maps = plan.maps.sequences[index]
    // A sequence has no more rows than its source, so the chunk's blocks have room for them.
    let (offsets, parents) = unsafe (offsets(of: index), ids(maps.parents))
    let positions = unsafe ids(maps.positions)
    if let source = plan.sequences[index].source {
      let from = unsafe self.offsets(of: source)
      unsafe offsets[0] = 0  // As above.
      for user in 0..<chunk[.user].count {
        let count = plan.sequences[index].rows(of: unsafe Int(from[user + 1] - from[user]))
        // As above.
        unsafe offsets[user + 1] = offsets[user] + Int32(count)
        for row in unsafe offsets[user]..<offsets[user + 1] {
          unsafe parents[Int(row)] = Int32(user)  // As above.
        }
      }
    }
    for user in 0..<chunk[.user].count {
      // As above.
      let first = unsafe offsets[user]
      for row in unsafe first..<offsets[user + 1] { unsafe positions[Int(row)] = row - first }
    }
  }
}
