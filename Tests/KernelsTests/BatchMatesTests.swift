// A row's bits do not depend on the rows beside it.
import Kernels
import Testing
import SeededRandom

@Suite struct BatchMatesTests {
  @Test(
    "A product row has the same bits alone as among strangers", arguments: KernelTable.available)
  func products(table: KernelTable) {
    var random = SeededGenerator(seed: 11)
    for isInt8 in [true, false] {
      let weights = matrix(&random, outputs: 70, depth: 90, isInt8: isInt8)
      let values = random.floats(45 * 90)
      let together = product(
        table, weights, LayerInput(45, 90, values: values, isInt8: isInt8), activation: .gelu)
      for row in [0, 1, 15, 16, 31, 32, 44] {
        let own = Array(values[row * 90..<(row + 1) * 90])
        let alone = product(
          table, weights, LayerInput(1, 90, values: own, isInt8: isInt8), activation: .gelu)
        #expect(alone.0.row(0) == together.0.row(row))
      }
    }
  }

  @Test(
    "A user's sequences have the same bits alone as among users of other lengths",
    arguments: KernelTable.available, RecurrentCell.allCases)
  func sequences(table: KernelTable, cell: RecurrentCell) {
    var random = SeededGenerator(seed: 12)
    let (units, heads) = (24, 2)
    for isInt8 in [true, false] {
      let offsets = random.offsets(users: 37, lengthMax: 35)
      let tokens = Int(offsets[37])
      let gates = cell.gates
      let inputMatrix = matrix(
        &random, outputs: gates * units, depth: 19, isInt8: isInt8, gates: gates)
      let recurrent = matrix(
        &random, outputs: gates * units, depth: units, isInt8: isInt8 && cell != .relu,
        gates: gates)
      let candidateBias = random.floats(units)
      let values = random.floats(tokens * 19)
      let together = recurrence(
        table, cell, inputMatrix: inputMatrix, recurrent: recurrent,
        LayerInput(tokens, 19, values: values, isInt8: isInt8), candidateBias: candidateBias,
        offsets: offsets, backward: true)
      let rows = random.floats(tokens * 3 * units)
      let attended = attention(
        table, FloatBlock(tokens, 3 * units, values: rows), offsets: offsets, heads: heads,
        causal: false, int8: isInt8)
      for user in [0, 5, 17, 36] {
        let (first, end) = (Int(offsets[user]), Int(offsets[user + 1]))
        let alone = recurrence(
          table, cell, inputMatrix: inputMatrix, recurrent: recurrent,
          LayerInput(
            end - first, 19, values: Array(values[first * 19..<end * 19]), isInt8: isInt8),
          candidateBias: candidateBias, offsets: [0, Int32(end - first)], backward: true)
        #expect(alone.state.row(0) == together.state.row(user))
        let own = attention(
          table,
          FloatBlock(
            end - first, 3 * units, values: Array(rows[first * 3 * units..<end * 3 * units])),
          offsets: [0, Int32(end - first)], heads: heads, causal: false, int8: isInt8)
        for row in first..<end {
          #expect(alone.sequence.row(row - first) == together.sequence.row(row))
          #expect(own.row(row - first) == attended.row(row))
        }
      }
    }
  }
}
