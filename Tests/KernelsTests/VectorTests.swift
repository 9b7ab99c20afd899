// What the kernels make of whole rows, against arithmetic in double precision, on every instruction set.
import Foundation
import Kernels
import SeededRandom
import Testing

@Suite struct VectorTests {
  static let widths = [1, 2, 15, 16, 17, 33, 100]

  @Test("A scale is x · gain + bias of each column, rounded once", arguments: KernelTable.available)
  func scales(table: KernelTable) {
    var random = SeededGenerator(seed: 31)
    for width in Self.widths {
      let x = FloatBlock(3, width, values: random.floats(3 * width))
      let (gain, bias) = (random.floats(width), random.floats(width))
      let y = FloatBlock(3, width)
      // Arrays and blocks outlive the call.
      unsafe gain.withUnsafeBufferPointer { gain in
        unsafe bias.withUnsafeBufferPointer { bias in
          guard let gain = gain.baseAddress, let bias = bias.baseAddress else { return }
          unsafe table.scale(
            x.unsafeRows, gain: gain, bias: bias, rows: 3, width: width, into: y.unsafeRows)
        }
      }
      for row in 0..<3 {
        #expect(
          y.row(row) == (0..<width).map { bias[$0].addingProduct(x[row, $0], gain[$0]) })
      }
    }
  }

  @Test(
    "A dot product is Σ x·y of mapped rows, and nothing past their ends",
    arguments: KernelTable.available)
  func products(table: KernelTable) {
    var random = SeededGenerator(seed: 32)
    for width in Self.widths {
      let x = FloatBlock(4, width, values: random.floats(4 * width))
      let y = FloatBlock(2, width, values: random.floats(2 * width))
      let map: [Int32] = [1, 0, 0, 1]
      let found = FloatBlock(4, 1)
      // The array and the blocks outlive the call.
      unsafe map.withUnsafeBufferPointer { map in
        unsafe table.dot(
          MappedRows(x.unsafeRows), MappedRows(y.unsafeRows, map: map.baseAddress), rows: 4,
          width: width, into: found.unsafeRows)
      }
      for row in 0..<4 {
        let exact = (0..<width).reduce(0.0) {
          $0 + Double(x[row, $1]) * Double(y[Int(map[row]), $1])
        }
        #expect(abs(Double(found[row, 0]) - exact) <= 1e-6 * Double(width + 1))
      }
    }
  }

  @Test(
    "A row divided by its length has the length one; one shorter than epsilon is divided by epsilon",
    arguments: KernelTable.available)
  func lengths(table: KernelTable) {
    var random = SeededGenerator(seed: 33)
    for width in Self.widths {
      let zeros = Array(repeating: Float(0), count: width)
      let x = FloatBlock(
        4, width,
        values: random.floats(width, scale: 3) + zeros + random.floats(width, scale: 1e-5)
          + random.floats(width, scale: 1e15))
      let y = FloatBlock(4, width)
      // Both blocks outlive the call.
      unsafe table.l2Norm(
        x.unsafeRows, epsilon: 0.01, rows: 4, width: width, into: y.unsafeRows)
      for row in 0..<4 {
        let length = x.row(row).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        for column in 0..<width {
          let exact = Double(x[row, column]) / max(length, 0.01)
          #expect(abs(Double(y[row, column]) - exact) <= 3e-7, "row \(row) width \(width)")
        }
      }
    }
  }

  @Test(
    "A softmax is shares of one over the row, however large, small or far below zero its numbers are",
    arguments: KernelTable.available)
  func shares(table: KernelTable) {
    var random = SeededGenerator(seed: 34)
    for width in Self.widths {
      for offset in [0, 1e4, -1e4, 3e7, -3e7] as [Float] {
        let x = FloatBlock(2, width, values: random.floats(2 * width, scale: 3).map { $0 + offset })
        let y = FloatBlock(2, width)
        // Both blocks outlive the call.
        unsafe table.softmax(x.unsafeRows, rows: 2, width: width, into: y.unsafeRows)
        for row in 0..<2 {
          let top = x.row(row).max() ?? 0
          let powers = x.row(row).map { exp(Double($0) - Double(top)) }
          let sum = powers.reduce(0, +)
          for column in 0..<width {
            #expect(
              abs(Double(y[row, column]) - powers[column] / sum) <= 5e-7, "offset \(offset)")
          }
        }
      }
    }
  }

  @Test(
    "NaN in a row makes all of its lengths and shares NaN, and those of no other row",
    arguments: KernelTable.available)
  func notNumbers(table: KernelTable) {
    let x = FloatBlock(2, 3, values: [1, .nan, 2, 1, 2, 3])
    let (lengths, shares) = (FloatBlock(2, 3), FloatBlock(2, 3))
    // All blocks outlive the calls.
    unsafe table.l2Norm(x.unsafeRows, epsilon: 0.01, rows: 2, width: 3, into: lengths.unsafeRows)
    unsafe table.softmax(x.unsafeRows, rows: 2, width: 3, into: shares.unsafeRows)
    for y in [lengths, shares] {
      #expect(y.row(0).map(\.isNaN) == [true, true, true])
      #expect(y.row(1).map(\.isFinite) == [true, true, true])
    }
  }
}
