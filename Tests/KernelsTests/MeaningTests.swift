// What the scalar reference computes, against plain arithmetic in double precision.
import Foundation
import Kernels
import Testing
import SeededRandom

@Suite struct MeaningTests {
  private func exact(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .none: x
    case .relu: max(0, x)
    case .gelu: x / 2 * (1 + erf(x / 2.0.squareRoot()))
    case .tanh: tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .silu: x / (1 + exp(-x))
    case .geluTanh:
      x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .softplus: max(0, x) + log1p(exp(-abs(x)))
    case .hardSigmoid: min(1, max(0, x / 6 + 0.5))
    case .leakyReLU(let slope): x > 0 ? x : Double(slope) * x
    case .elu(let slope): x > 0 ? x : Double(slope) * expm1(x)
    }
  }

  private func dot(_ a: ArraySlice<Float>, _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * $1.1 }
  }

  @Test(
    "Activations stay within their stated bounds, from far below to far above saturation",
    arguments: [
      (Activation.gelu, 1e-6), (.tanh, 2e-7), (.sigmoid, 2e-7), (.silu, 2e-6), (.geluTanh, 1e-6),
      (.softplus, 1e-6), (.hardSigmoid, 1e-7), (.relu, 0), (.leakyReLU(slope: 0.2), 3e-7),
      (.elu(slope: 1), 2e-7), (.elu(slope: 0.5), 1e-7),
    ])
  func activations(activation: Activation, bound: Double) {
    let count = 60_001
    let values = (0..<count).map { (Float($0) - 30_000) * 1e-3 }
    let x = FloatBlock(1, count, values: values)
    let y = FloatBlock(1, count)
    // Both blocks outlive the call.
    unsafe KernelTable.scalar.activate(
      x.unsafeRows, activation, rows: 1, width: count, into: y.unsafeRows)
    let worst = values.indices.map { abs(Double(y[0, $0]) - exact(Double(values[$0]), activation)) }
      .max()
    #expect((worst ?? 1) <= bound)
  }

  @Test("Activations of the largest numbers and of infinity are what they tend to; NaN stays NaN")
  func farActivations() {
    let large = Float.greatestFiniteMagnitude
    let far = FloatBlock(1, 5, values: [-.infinity, -large, large, .infinity, .nan])
    for activation in Activation.all {
      let y = FloatBlock(1, 5)
      // Both blocks outlive the call.
      unsafe KernelTable.scalar.activate(
        far.unsafeRows, activation, rows: 1, width: 5, into: y.unsafeRows)
      #expect(y[0, 4].isNaN, "\(activation)")
      for column in 1...2 {
        let exact = exact(Double(far[0, column]), activation)
        #expect(abs(Double(y[0, column]) - exact) <= 1e-6 * (1 + abs(exact)), "\(activation)")
      }
      switch activation {
      case .none, .relu, .gelu, .silu, .geluTanh, .softplus, .leakyReLU, .elu:
        #expect(y[0, 3] == .infinity, "\(activation)")
      case .tanh, .sigmoid, .hardSigmoid: #expect(y[0, 3] == 1, "\(activation)")
      }
    }
  }

  @Test(
    "A number is NaN → missing, sign·log1p, clip, standardise, within 2e-6")
  func numbers() {
    let transform = NumberTransform(
      missing: 3, log1p: true, clip: -4...6, mean: 0.7, deviation: 0.5)
    let values: [Float] = [0, 1, -1, 1e-8, 0.4, 0.42, 2.5, -30, 1e4, 1e9, -1e9, .nan]
    let y = FloatBlock(values.count, 1)
    // The array and the block outlive the call.
    unsafe values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      unsafe KernelTable.scalar.number(
        base, count: values.count, transform, into: y.unsafeRows)
    }
    for (row, value) in values.enumerated() {
      let x = Double(value.isNaN ? 3 : value)
      let clipped = min(6, max(-4, (x < 0 ? -1 : 1) * log1p(abs(x))))
      #expect(abs(Double(y[row, 0]) - (clipped - 0.7) / 0.5) <= 2e-6)
    }
  }

  @Test("Quantised rows hold rint(x·127/max), half to even, and a row of zeros has scale 0")
  func quantisation() {
    let x = FloatBlock(
      3, 5, values: [127, 0.5, 1.5, -2.5, -127, 0, 0, 0, 0, 0, 1, -0.25, 0.1, 0, 0.5])
    let q = QuantisedBlock(x)
    #expect((0..<5).map { q.value(0, $0) } == [127, 0, 2, -2, -127])
    #expect((0..<5).map { q.value(1, $0) } == [0, 0, 0, 0, 0])
    #expect(Float(bitPattern: q.scaleBits[1]) == 0)
    #expect(abs(q.value(2, 1) + 0.25) <= 0.5 / 127 + 1e-6)
  }

  @Test("An int8 product is the exact integer product, scaled", arguments: KernelTable.available)
  func extremes(table: KernelTable) {
    // 255·127 in every place: the largest sums, which saturate where products are added in 16 bits.
    for sign in [Int8(1), -1] {
      let weights = PackedMatrix(
        int8: Array(repeating: sign * 127, count: 3 * 500), scales: [1, 1, 1], outputs: 3,
        depth: 500)
      let input = LayerInput(7, 500, values: Array(repeating: 127, count: 7 * 500), isInt8: true)
      let (floats, _) = product(table, weights, input)
      #expect(floats.row(6) == Array(repeating: Float(sign) * 127 * 127 * 500, count: 3))
    }
  }

  @Test(
    "Each row of an int8 product has the scale of its own row", arguments: KernelTable.available)
  func rowScales(table: KernelTable) {
    // Row r holds 127 · 2ʳ in every place, so every number here is exact.
    let weights = PackedMatrix(
      int8: [Int8](repeating: 3, count: 2 * 20), scales: [1, 0.5], outputs: 2, depth: 20)
    let values = (0..<9).flatMap { row in [Float](repeating: Float(127 << row), count: 20) }
    let (floats, _) = product(table, weights, LayerInput(9, 20, values: values, isInt8: true))
    for row in 0..<9 {
      let sum = Float(127 * 3 * 20 << row)
      #expect(floats.row(row) == [sum, sum / 2])
    }
  }

  @Test("An LSTM over float32 is the textbook recurrence within 1e-5, and T = 0 gives zeros")
  func lstm() {
    var random = SeededGenerator(seed: 7)
    let (units, width, steps) = (5, 3, 9)
    let w = random.floats(4 * units * width, scale: 0.5)
    let r = random.floats(4 * units * units, scale: 0.5)
    let bias = random.floats(4 * units)
    let x = random.floats(steps * width)
    let found = recurrence(
      .scalar, .lstm,
      inputMatrix: PackedMatrix(float: w, outputs: 4 * units, depth: width, gates: 4),
      recurrent: PackedMatrix(
        float: r, bias: bias, outputs: 4 * units, depth: units, gates: 4),
      LayerInput(steps, width, values: x, isInt8: false), offsets: [0, 0, Int32(steps)],
      backward: false)
    var (h, c) = (Array(repeating: 0.0, count: units), Array(repeating: 0.0, count: units))
    for step in 0..<steps {
      let row = Array(x[step * width..<(step + 1) * width]).map(Double.init)
      let z = (0..<4 * units).map { n -> Double in
        let input: Double = dot(w[n * width..<(n + 1) * width], row)
        let recurrent: Double = dot(r[n * units..<(n + 1) * units], h)
        return Double(bias[n]) + input + recurrent
      }
      for u in 0..<units {
        c[u] =
          exact(z[units + u], .sigmoid) * c[u] + exact(z[u], .sigmoid) * tanh(z[2 * units + u])
        h[u] = exact(z[3 * units + u], .sigmoid) * tanh(c[u])
        #expect(abs(Double(found.sequence[step, u]) - h[u]) <= 1e-5)
      }
    }
    #expect(found.state.row(0) == Array(repeating: 0, count: units))
    #expect(found.state.row(1) == found.sequence.row(steps - 1))
  }

  @Test(
    "A GRU or plain layer over float32 is the textbook recurrence within 1e-5",
    arguments: [RecurrentCell.gru, .gruResetFirst, .tanh, .relu])
  func otherRecurrences(cell: RecurrentCell) {
    var random = SeededGenerator(seed: 13)
    let (units, width, steps) = (18, 3, 9)
    let outputs = cell.gates * units
    let w = random.floats(outputs * width, scale: 0.5)
    let r = random.floats(outputs * units, scale: 0.2)
    let bias = random.floats(outputs)
    let candidateBias = random.floats(units)
    let x = random.floats(steps * width)
    let found = recurrence(
      .scalar, cell,
      inputMatrix: PackedMatrix(float: w, outputs: outputs, depth: width, gates: cell.gates),
      recurrent: PackedMatrix(
        float: r, bias: bias, outputs: outputs, depth: units, gates: cell.gates),
      LayerInput(steps, width, values: x, isInt8: false), candidateBias: candidateBias,
      offsets: [0, 0, Int32(steps)], backward: false)
    var h = Array(repeating: 0.0, count: units)
    for step in 0..<steps {
      let row = Array(x[step * width..<(step + 1) * width]).map(Double.init)
      func input(_ n: Int) -> Double {
        Double(bias[n]) + dot(w[n * width..<(n + 1) * width], row)
      }
      func product(_ n: Int, _ state: [Double]) -> Double {
        dot(r[n * units..<(n + 1) * units], state)
      }
      func gate(_ n: Int) -> Double { exact(input(n) + product(n, h), .sigmoid) }
      let z = (0..<units).map { cell.gates == 3 ? gate($0) : 0 }
      let reset = (0..<units).map { cell.gates == 3 ? gate(units + $0) : 0 }
      let before = h
      for u in 0..<units {
        switch cell {
        case .gru:
          let sum = product(2 * units + u, before) + Double(candidateBias[u])
          h[u] = z[u] * before[u] + (1 - z[u]) * tanh(input(2 * units + u) + reset[u] * sum)
        case .gruResetFirst:
          let sum = product(2 * units + u, zip(reset, before).map { $0 * $1 })
          h[u] = z[u] * before[u] + (1 - z[u]) * tanh(input(2 * units + u) + sum)
        case .tanh: h[u] = tanh(input(u) + product(u, before))
        case .relu: h[u] = max(0, input(u) + product(u, before))
        case .lstm: Issue.record("has its own test")
        }
        #expect(abs(Double(found.sequence[step, u]) - h[u]) <= 1e-5)
      }
    }
    #expect(found.state.row(0) == Array(repeating: 0, count: units))
    #expect(found.state.row(1) == found.sequence.row(steps - 1))
  }

  @Test(
    "The int8 state of a GRU stays within ±1 through a thousand steps of open and shut gates",
    arguments: [RecurrentCell.gru, .gruResetFirst])
  func boundedState(cell: RecurrentCell) {
    let (units, steps) = (16, 1_000)
    let recurrent = PackedMatrix(
      int8: Array(repeating: 127, count: 48 * 16), scales: Array(repeating: 0.05, count: 48),
      outputs: 48, depth: 16, gates: 3)
    for z in [Float(-50), -8, 0, 8, 50] {
      let gates =
        Array(repeating: z, count: units) + Array(repeating: 50, count: units)
        + Array(repeating: 50, count: units)
      let found = recurrence(
        .best, cell, inputMatrix: nil, recurrent: recurrent,
        LayerInput(steps, 1, values: Array(repeating: 0, count: steps), isInt8: true),
        candidateBias: Array(repeating: 1, count: units),
        userRows: FloatBlock(1, 48, values: gates), offsets: [0, Int32(steps)], backward: false)
      for step in 0..<steps {
        #expect(found.sequence.row(step).allSatisfy { abs($0) <= 1 })
      }
    }
  }

  @Test("Over int8 states σ is taken within 1e-4 and tanh within 2e-4, far beyond saturation too")
  func pieces() {
    // One step from the state zero: h = σ(z_o) · tanh(σ(z_i) · tanh(z_g)), with z from the user's row.
    let recurrent = PackedMatrix(
      int8: Array(repeating: 0, count: 64 * 16), scales: Array(repeating: 1, count: 64),
      outputs: 64, depth: 16, gates: 4)
    let large: Float = 50
    for tenth in -300...300 {
      let z = (0..<16).map { Float(tenth) / 10 + Float($0) / 160 }
      let all = Array(repeating: large, count: 16)
      // Gates i f g o of sixteen units; the others are open or full.
      for (gates, exact) in [
        (z + all + all + all, { (z: Double) in tanh(1 / (1 + exp(-z))) }),
        (all + all + z + all, { z in tanh(tanh(z)) }),
        (all + all + all + z, { z in tanh(1) / (1 + exp(-z)) }),
      ] {
        let found = recurrence(
          .scalar, .lstm, inputMatrix: nil, recurrent: recurrent,
          LayerInput(1, 1, values: [0], isInt8: true),
          userRows: FloatBlock(1, 64, values: gates), offsets: [0, 1], backward: false)
        for unit in 0..<16 {
          // The bound of the piece itself and those of the gates beside it and of the last tanh.
          #expect(abs(Double(found.state[0, unit]) - exact(Double(z[unit]))) <= 4.5e-4)
        }
      }
    }
  }

  @Test(
    "A folded table holds each row times the weights: float32 where small, else int8 with a scale a row"
  )
  func folding() {
    var random = SeededGenerator(seed: 9)
    let (units, width) = (20, 6)
    let weights = random.floats(4 * units * width, scale: 0.5)
    let packed = PackedMatrix(float: weights, outputs: 4 * units, depth: width, gates: 4)
    for (rows, isInt8, bound) in [(5, false, 1e-5), (300, true, 0.02)] {
      let values = random.floats(rows * width)
      let folded = KernelTable.best.folded(
        EmbeddingTable(float: values, rows: rows, width: width), through: packed)
      #expect(folded.rows == rows && folded.width == 128 && folded.isInt8 == isInt8)
      let found = FloatBlock(1, 128)
      for row in [0, rows / 2, rows - 1] {
        // The array and the block outlive the call.
        unsafe [Int32(row)].withUnsafeBufferPointer { ids in
          guard let ids = ids.baseAddress else { return }
          unsafe KernelTable.scalar.gather(folded, ids: ids, rows: 1, into: found.unsafeRows)
        }
        let own = Array(values[row * width..<(row + 1) * width]).map(Double.init)
        for gate in 0..<4 {
          for unit in 0..<units {
            let output = gate * units + unit
            let exact = dot(weights[output * width..<(output + 1) * width], own)
            let place = unit / 16 * 64 + gate * 16 + unit % 16
            #expect(abs(Double(found[0, place]) - exact) <= bound)
          }
        }
      }
    }
  }

  @Test("Attention is softmax(q·kᵀ/√depth)·v: float32 within 1e-5, int8 within 0.06 on unit rows")
  func attentionMeaning() {
    var random = SeededGenerator(seed: 8)
    let (rows, depth) = (20, 8)
    let values = random.floats(rows * 3 * depth)
    let qkv = FloatBlock(rows, 3 * depth, values: values)
    for (int8, bound) in [(false, 1e-5), (true, 0.06)] {
      let found = attention(
        .scalar, qkv, offsets: [0, Int32(rows)], heads: 1, causal: true, int8: int8)
      for row in 0..<rows {
        let query = (0..<depth).map { Double(qkv[row, $0]) }
        let scores = (0...row).map { j -> Double in
          let key = (0..<depth).map { qkv[j, depth + $0] }
          return dot(key[...], query) / Double(depth).squareRoot()
        }
        let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
        let sum = weights.reduce(0, +)
        for column in 0..<depth {
          let values = (0...row).map { qkv[$0, 2 * depth + column] }
          let expected = dot(values[...], weights) / sum
          #expect(abs(Double(found[row, column]) - expected) <= bound)
        }
      }
    }
  }

  @Test(
    "Events that are all alike to a query weigh the same, whatever their number",
    arguments: [1, 2, 5, 16, 17, 70])
  func equalKeys(rows: Int) {
    var random = SeededGenerator(seed: 10)
    let depth = 8
    // q is zero, so every q·k is; v lies within ±3.
    let values = (0..<rows).flatMap { _ in
      Array(repeating: Float(0), count: depth) + random.floats(2 * depth)
    }
    let qkv = FloatBlock(rows, 3 * depth, values: values)
    for table in KernelTable.available {
      for (int8, bound) in [(false, 1e-6), (true, 0.02)] {
        let found = attention(
          table, qkv, offsets: [0, Int32(rows)], heads: 1, causal: false, int8: int8)
        for column in 0..<depth {
          let sum = (0..<rows).reduce(0.0) { $0 + Double(qkv[$1, 2 * depth + column]) }
          for row in 0..<rows {
            #expect(abs(Double(found[row, column]) - sum / Double(rows)) <= bound)
          }
        }
      }
    }
  }

  @Test(
    "The nearest key gets all the weight, however far the others are",
    arguments: [1e2, 3e3, 4e4, 1e6, 1e9] as [Float])
  func farKeys(size: Float) {
    var random = SeededGenerator(seed: 12)
    let (rows, depth) = (70, 8)
    // q·k grows with the key's number, so the last key is the nearest.
    var values: [Float] = []
    for row in 1...rows {
      values += Array(repeating: size, count: depth)
      values += Array(repeating: size * Float(row) / Float(rows), count: depth)
      values += random.floats(depth)
    }
    let qkv = FloatBlock(rows, 3 * depth, values: values)
    for table in KernelTable.available {
      for (int8, bound) in [(false, 1e-6), (true, 0.02)] {
        let found = attention(
          table, qkv, offsets: [0, Int32(rows)], heads: 1, causal: false, int8: int8)
        for row in 0..<rows {
          for column in 0..<depth {
            let nearest = qkv[rows - 1, 2 * depth + column]
            #expect(abs(Double(found[row, column] - nearest)) <= bound, "\(table.name)")
          }
        }
      }
    }
  }

  @Test("An infinity in v makes its own column NaN and no other, at every instruction set")
  func infiniteValue() {
    var random = SeededGenerator(seed: 11)
    let (rows, depth) = (9, 8)
    var values = random.floats(rows * 3 * depth)
    values[4 * 3 * depth + 2 * depth + 3] = .infinity
    let qkv = FloatBlock(rows, 3 * depth, values: values)
    for table in KernelTable.available {
      let found = attention(
        table, qkv, offsets: [0, Int32(rows)], heads: 1, causal: false, int8: true)
      for row in 0..<rows {
        for column in 0..<depth { #expect(found[row, column].isNaN == (column == 3)) }
      }
    }
  }

  @Test("TESSERA_ISA with an unknown name is refused with the names that would do")
  func unknownInstructionSet() {
    #expect(throws: KernelError.self) { try KernelTable.choose(isa: "sse") }
    let error = #expect(throws: KernelError.self) { try KernelTable.choose(isa: "AVX2") }
    #expect(error?.description.contains("scalar") == true)
  }
}
