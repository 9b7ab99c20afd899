internal import Kernels

/// raw [rows] → ids [rows]: how many boundaries are ≤ the number.
struct BucketiseAction: Action {
  let raw: Int
  let transform: NumberTransform
  let boundaries: FloatConstants
  let ids: Int

  var blocks: [Int] { [raw, ids] }
  var weights: [any Weights] { [] }
  var words: String { "bucketise\(transform.words) by \(boundaries.count) boundaries" }
  var growth: Growth { .rows }
  func scratchBytes(_ size: ChunkSize) -> Int { size.rows * MemoryLayout<Float>.size }

  /// Transforms the raw column into scratch, then counts.
  func run(_ rows: Int, in workspace: Workspace) {
    // Scratch and both blocks have a place for every row of the chunk.
    let ids = unsafe workspace.ids(ids)
    let numbers = unsafe workspace.scratch.assumingMemoryBound(to: Float.self)
    unsafe workspace.plan.kernels.number(
      workspace.floats(raw), count: rows, transform, into: FloatRows(numbers, stride: 1))
    for row in 0..<rows {
      let number = unsafe numbers[row]
      var (low, high) = (0, boundaries.count)
      while low < high {
        let middle = (low + high) / 2
        // Below the count of boundaries.
        if unsafe boundaries.base[middle] <= number { low = middle + 1 } else { high = middle }
      }
      unsafe ids[row] = Int32(low)  // As above.
    }
  }
}
