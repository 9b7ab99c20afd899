import Inference
import Testing
import SeededRandom

@Suite("Blocks share memory only where they never live together")
struct MemoryMapTests {
  @Test(
    "no two blocks that live at one step touch, whatever their sizes", arguments: UInt64(1)...50)
  func disjoint(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = random.count(1...40)
    let sizes = (0..<count).map { _ in random.count(1...5_000) }
    let lives = (0..<count).map { _ in
      let first = random.count(-1...30)
      return first...first + random.count(0...8)
    }
    let map = MemoryMap(sizes: sizes, lives: lives)
    for block in 0..<count {
      #expect(map.offsets[block].isMultiple(of: 128))
      #expect(map.offsets[block] + sizes[block] <= map.byteCount)
      for other in 0..<block where lives[block].overlaps(lives[other]) {
        let (a, b) = (map.offsets[block], map.offsets[other])
        #expect(a + sizes[block] <= b || b + sizes[other] <= a, "blocks \(other) and \(block)")
      }
    }
  }

  @Test("blocks that live one after the other lie in the same bytes")
  func shared() {
    let map = MemoryMap(sizes: [1_000, 1_000, 500], lives: [0...1, 2...3, 2...4])
    #expect(map.offsets[0] == map.offsets[1])
    #expect(map.byteCount == 1_024 + 512)
  }
}
