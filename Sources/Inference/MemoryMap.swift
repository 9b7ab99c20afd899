/// Where each block lies in a workspace's memory.
///
/// Blocks that are never alive at the same step share bytes: the largest block is placed first, each
/// at the lowest offset at which it touches no block that lives at the same time.
package struct MemoryMap: Sendable {
  /// Byte offset of each block.
  package let offsets: [Int]
  /// Bytes of all blocks together.
  package let byteCount: Int

  /// - Parameters:
  ///   - sizes: bytes of each block.
  ///   - lives: the first and last step at which each block is used.
  package init(sizes: [Int], lives: [ClosedRange<Int>]) {
    var offsets = [Int](repeating: 0, count: sizes.count)
    var placed: [Int] = []
    var byteCount = 0
    let alignment = InferenceLimits.blockAlignment
    let order = sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    for block in order {
      let size = (sizes[block] + alignment - 1) / alignment * alignment
      var offset = 0
      let neighbours = placed.filter { lives[$0].overlaps(lives[block]) }
        .sorted { offsets[$0] < offsets[$1] }
      for neighbour in neighbours {
        if offset + size <= offsets[neighbour] { break }
        let end = offsets[neighbour] + (sizes[neighbour] + alignment - 1) / alignment * alignment
        offset = max(offset, end)
      }
      offsets[block] = offset
      byteCount = max(byteCount, offset + size)
      placed.append(block)
    }
    self.offsets = offsets
    self.byteCount = byteCount
  }
}
