// Every instruction set that this machine has against the scalar reference, bit for bit.
import Kernels
import Testing
import SeededRandom

@Suite struct SameBitsTests {
  static let sizes = [1, 2, 3, 15, 16, 17, 31, 48, 63, 64, 65, 100, 128, 130]

  @Test("A table passes its own start-up self-check", arguments: KernelTable.available)
  func selfCheck(table: KernelTable) throws {
    #expect(try KernelTable.choose(isa: table.name).table.name == table.name)
  }

  @Test(
    "A product has the bits of the scalar one, for any rows, outputs, depth and epilogue",
    arguments: KernelTable.vectorised)
  func products(table: KernelTable) {
    var random = SeededGenerator(seed: 1)
    for trial in 0..<60 {
      let rows = trial == 0 ? 0 : trial < 20 ? trial : random.int(1...70)
      let outputs = Self.sizes[random.int(0...Self.sizes.count - 1)] * (trial % 10 == 0 ? 3 : 1)
      let depth = Self.sizes[random.int(0...Self.sizes.count - 1)]
      let isInt8 = trial % 3 != 0
      let weights = matrix(&random, outputs: outputs, depth: depth, isInt8: isInt8)
      let input = LayerInput(rows, depth, values: random.floats(rows * depth), isInt8: isInt8)
      let addend =
        trial % 2 == 0
        ? FloatBlock(rows + 1, outputs, values: random.floats((rows + 1) * outputs)) : nil
      let map = trial % 4 == 0 ? (0..<rows).map { _ in Int32(random.int(0...rows)) } : nil
      let activation = Activation.withoutSlope[trial % 5]
      let expected = product(
        .scalar, weights, input, addend: addend, map: map, activation: activation)
      let found = product(table, weights, input, addend: addend, map: map, activation: activation)
      #expect(
        found.1 == expected.1,
        "rows \(rows) outputs \(outputs) depth \(depth) int8 \(isInt8) \(activation)")
    }
  }

  @Test(
    "A product ends with any activation in the bits of the scalar one",
    arguments: KernelTable.vectorised)
  func productsWithActivations(table: KernelTable) {
    var random = SeededGenerator(seed: 5)
    for activation in Activation.all {
      for (isInt8, hasAddend) in [(true, true), (true, false), (false, true), (false, false)] {
        let weights = matrix(&random, outputs: 37, depth: 20, isInt8: isInt8)
        let input = LayerInput(5, 20, values: random.floats(5 * 20, scale: 2), isInt8: isInt8)
        let addend = hasAddend ? FloatBlock(5, 37, values: random.floats(5 * 37)) : nil
        let expected = product(.scalar, weights, input, addend: addend, activation: activation)
        let found = product(table, weights, input, addend: addend, activation: activation)
        #expect(found.0.bits == expected.0.bits && found.1 == expected.1, "\(activation)")
      }
    }
  }

  @Test(
    "A recurrent layer has the bits of the scalar one, for any lengths, units, direction and parts of its input",
    arguments: KernelTable.vectorised, RecurrentCell.allCases)
  func recurrences(table: KernelTable, cell: RecurrentCell) {
    let gates = cell.gates
    var random = SeededGenerator(seed: 2)
    for trial in 0..<48 {
      let isInt8 = trial % 3 != 0
      let units = [1, 7, 16, 20, 32, 64, 65, 128][trial % 8]
      let width = random.int(1...70)
      let offsets = random.offsets(
        users: trial % 5 == 0 ? 1 : random.int(1...40), lengthMax: [1, 5, 12][trial % 3])
      let tokens = Int(offsets[offsets.count - 1])
      // Matrices of either kind meet; all lookups, or none, or some beside a product.
      let isInputInt8 = trial % 7 == 0 ? !isInt8 : isInt8
      let lookups = Lookups(
        &random, tokens: tokens, units: units, gates: gates, count: [0, 1, 3, 8][trial / 2 % 4])
      let inputMatrix =
        trial % 5 == 4
        ? nil
        : matrix(&random, outputs: gates * units, depth: width, isInt8: isInputInt8, gates: gates)
      // The state of a relu has no bound, so its product is never int8.
      let recurrent = matrix(
        &random, outputs: gates * units, depth: units, isInt8: isInt8 && cell != .relu,
        gates: gates)
      let candidateBias = random.floats(units)
      let input = LayerInput(
        tokens, width, values: random.floats(tokens * width), isInt8: isInputInt8)
      let packed = recurrent.packedOutputs
      let userRows =
        trial % 3 == 1
        ? FloatBlock(offsets.count - 1, packed, values: random.floats((offsets.count - 1) * packed))
        : nil
      let expected = recurrence(
        .scalar, cell, inputMatrix: inputMatrix, recurrent: recurrent, input, lookups: lookups,
        candidateBias: candidateBias, userRows: userRows, offsets: offsets, backward: trial % 2 == 0
      )
      let found = recurrence(
        table, cell, inputMatrix: inputMatrix, recurrent: recurrent, input, lookups: lookups,
        candidateBias: candidateBias, userRows: userRows, offsets: offsets, backward: trial % 2 == 0
      )
      #expect(found.sequence.bits == expected.sequence.bits, "trial \(trial) units \(units)")
      #expect(found.state.bits == expected.state.bits, "trial \(trial) units \(units)")
    }
  }

  @Test(
    "Windows have the bits of the scalar ones, and their int8 rows those of their float rows",
    arguments: KernelTable.vectorised)
  func windowRows(table: KernelTable) {
    var random = SeededGenerator(seed: 5)
    for trial in 0..<36 {
      let shape = WindowShape(
        size: random.int(1...5), stride: random.int(1...3), dilation: 1 + trial % 2,
        padding: [.valid, .same, .causal][trial % 3])
      let offsets = random.offsets(users: random.int(1...9), lengthMax: 20)
      let span = shape.padding == .valid ? (shape.size - 1) * shape.dilation + 1 : 1
      var windowOffsets: [Int32] = [0]
      for (begin, end) in zip(offsets, offsets.dropFirst()) {
        let rows = Int(end - begin)
        let count = rows < span ? 0 : (rows - span) / shape.stride + 1
        windowOffsets.append(windowOffsets[windowOffsets.count - 1] + Int32(count))
      }
      let width = Self.sizes[random.int(0...Self.sizes.count - 1)]
      let rows = Int(offsets[offsets.count - 1])
      let x = FloatBlock(rows, width, values: random.floats(rows * width))
      let expected = windows(
        .scalar, x, shape, offsets: offsets, windowOffsets: windowOffsets)
      let found = windows(table, x, shape, offsets: offsets, windowOffsets: windowOffsets)
      #expect(found == expected, "\(shape) width \(width)")
    }
  }

  @Test(
    "Attention has the bits of the scalar one, for any lengths, heads and mask",
    arguments: KernelTable.vectorised)
  func attentions(table: KernelTable) {
    var random = SeededGenerator(seed: 3)
    for trial in 0..<24 {
      let heads = [1, 2, 4, 3][trial % 4]
      let width = heads * [8, 16, 32, 5, 64, 20][trial % 6]
      let offsets = random.offsets(users: random.int(1...5), lengthMax: [1, 16, 33, 70][trial % 4])
      let tokens = Int(offsets[offsets.count - 1])
      let qkv = FloatBlock(tokens, 3 * width, values: random.floats(tokens * 3 * width))
      let (causal, int8) = (trial % 2 == 0, trial % 3 != 0)
      let expected = attention(
        .scalar, qkv, offsets: offsets, heads: heads, causal: causal, int8: int8)
      let found = attention(table, qkv, offsets: offsets, heads: heads, causal: causal, int8: int8)
      #expect(found.bits == expected.bits, "trial \(trial) heads \(heads) width \(width)")
    }
  }

  @Test("Row kernels have the bits of the scalar ones", arguments: KernelTable.vectorised)
  func rowKernels(table: KernelTable) {
    var random = SeededGenerator(seed: 4)
    for width in Self.sizes {
      let seed = random.next()
      #expect(
        everyRowKernel(table, width: width, seed: seed)
          == everyRowKernel(.scalar, width: width, seed: seed))
    }
  }

  /// The bits that all row kernels leave on the same random rows.
  private func everyRowKernel(_ table: KernelTable, width: Int, seed: UInt64) -> [[UInt32]] {
    var random = SeededGenerator(seed: seed)
    let offsets = random.offsets(users: 6, lengthMax: 9)
    let rows = Int(offsets[6])
    let x = FloatBlock(rows, width, values: random.floats(rows * width, scale: 3))
    let y = FloatBlock(rows, width, values: random.floats(rows * width))
    let gain = random.floats(width)
    let ids = (0..<rows).map { _ in Int32(random.int(-1...12)) }
    let map = (0..<rows).map { _ in Int32(random.int(0...rows - 1)) }
    let tables = [
      EmbeddingTable(
        int8: random.int8s(10 * width), scales: random.floats(10), rows: 10, width: width),
      EmbeddingTable(float: random.floats(10 * width), rows: 10, width: width),
    ]
    var results: [[UInt32]] = []
    let quantised = QuantisedBlock(x, by: table)
    results += [quantised.scaleBits, quantised.bits.map { UInt32($0) }]
    func keep(_ rows: Int, _ body: (FloatBlock) -> Void) {
      let block = FloatBlock(rows, width)
      body(block)
      results.append(block.bits)
    }
    // Blocks and arrays outlive the calls and have the sizes that the kernels ask for.
    unsafe offsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      for mode in [Pooling.last, .first, .mean, .max, .sum] {
        keep(6) {
          unsafe table.pool(
            x.unsafeRows, offsets: offsets, users: 6, width: width, mode: mode, into: $0.unsafeRows)
        }
      }
      // The rows of each kernel live until it has run; arrays lend their elements to the closures.
      unsafe ids.withUnsafeBufferPointer { ids in
        guard let ids = ids.baseAddress else { return }
        for embedding in tables {
          // As above.
          keep(rows) { unsafe table.gather(embedding, ids: ids, rows: rows, into: $0.unsafeRows) }
          for reduction in [BagReduction.sum, .mean] {
            keep(6) {
              unsafe table.gather(
                embedding, ids: ids, bagOffsets: offsets, reduction: reduction, rows: 6,
                into: $0.unsafeRows)
            }
          }
        }
      }
    }
    // As above.
    unsafe gain.withUnsafeBufferPointer { gain in
      guard let gain = gain.baseAddress else { return }
      keep(rows) {
        unsafe table.layerNorm(
          x.unsafeRows, gain: gain, bias: gain, epsilon: 1e-5, rows: rows, width: width,
          into: $0.unsafeRows)
      }
      keep(rows) {
        unsafe table.scale(
          x.unsafeRows, gain: gain, bias: gain, rows: rows, width: width, into: $0.unsafeRows)
      }
    }
    // As above.
    unsafe map.withUnsafeBufferPointer { map in
      let block = FloatBlock(rows, 1)
      unsafe table.dot(
        MappedRows(x.unsafeRows), MappedRows(y.unsafeRows, map: map.baseAddress), rows: rows,
        width: width, into: block.unsafeRows)
      results.append(block.bits)
      for combination in [Combination.add, .multiply, .subtract, .maximum, .minimum] {
        keep(rows) {
          unsafe table.combine(
            MappedRows(x.unsafeRows), combination, MappedRows(y.unsafeRows, map: map.baseAddress),
            rows: rows,
            width: width, into: $0.unsafeRows)
        }
      }
      keep(rows) {
        // As above.
        unsafe table.copy(
          MappedRows(x.unsafeRows, map: map.baseAddress), rows: rows, width: width,
          into: $0.unsafeRows)
      }
    }
    // As above.
    keep(rows) {
      unsafe table.l2Norm(
        x.unsafeRows, epsilon: 1e-6, rows: rows, width: width, into: $0.unsafeRows)
    }
    // As above.
    keep(rows) {
      unsafe table.softmax(x.unsafeRows, rows: rows, width: width, into: $0.unsafeRows)
    }
    for activation in Activation.all {
      keep(rows) {
        unsafe table.activate(
          x.unsafeRows, activation, rows: rows, width: width, into: $0.unsafeRows)
      }
    }
    return results
  }
}
