// What the kernels make of single elements, against plain arithmetic, on every instruction set.
import Kernels
import SeededRandom
import Testing

@Suite struct ElementTests {
  private func combined(
    _ table: KernelTable, _ x: FloatBlock, _ combination: Combination, _ y: FloatBlock
  ) -> FloatBlock {
    let result = FloatBlock(x.rows, x.columns)
    // All three blocks have the same shape and outlive the call.
    unsafe table.combine(
      MappedRows(x.unsafeRows), combination, MappedRows(y.unsafeRows), rows: x.rows,
      width: x.columns, into: result.unsafeRows)
    return result
  }

  @Test(
    "Rows are added, multiplied, subtracted, and the larger or smaller is taken, exactly",
    arguments: KernelTable.available)
  func combinations(table: KernelTable) {
    var random = SeededGenerator(seed: 21)
    let (rows, width) = (3, 37)
    let x = FloatBlock(rows, width, values: random.floats(rows * width))
    let y = FloatBlock(rows, width, values: random.floats(rows * width))
    for (combination, exact) in [
      (.add, { $0 + $1 }), (.multiply, { $0 * $1 }), (.subtract, { $0 - $1 }),
      (.maximum, { max($0, $1) }), (.minimum, { min($0, $1) }),
    ] as [(Combination, (Float, Float) -> Float)] {
      let found = combined(table, x, combination, y)
      for row in 0..<rows {
        #expect(found.row(row) == zip(x.row(row), y.row(row)).map(exact), "\(combination)")
      }
    }
  }

  @Test(
    "A sum over a user's rows is that of each column, and zeros without rows",
    arguments: KernelTable.available)
  func sums(table: KernelTable) {
    let x = FloatBlock(4, 2, values: [1, 10, 2, 20, 4, 40, 8, 80])
    let y = FloatBlock(3, 2)
    // The array and the blocks outlive the call.
    unsafe [Int32(0), 3, 3, 4].withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      unsafe table.pool(
        x.unsafeRows, offsets: offsets, users: 3, width: 2, mode: .sum, into: y.unsafeRows)
    }
    #expect((0..<3).map { y.row($0) } == [[7, 70], [0, 0], [8, 80]])
  }

  @Test(
    "The larger and the smaller of NaN and a number are NaN, on either side; infinities are numbers",
    arguments: KernelTable.available)
  func notNumbers(table: KernelTable) {
    let x = FloatBlock(1, 5, values: [.nan, 1, .nan, .infinity, -.infinity])
    let y = FloatBlock(1, 5, values: [1, .nan, .nan, 1, .infinity])
    let largest = combined(table, x, .maximum, y).row(0)
    let smallest = combined(table, x, .minimum, y).row(0)
    #expect(largest.map(\.isNaN) == [true, true, true, false, false])
    #expect(smallest.map(\.isNaN) == [true, true, true, false, false])
    #expect(largest.suffix(2) == [.infinity, .infinity])
    #expect(smallest.suffix(2) == [1, -.infinity])
  }
}
