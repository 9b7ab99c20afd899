internal import Kernels
internal import SeededRandom

/// One kernel on one size, ready to be called on any table: random input, own memory.
struct KernelCase {
  let name: String
  let run: (KernelTable) -> Void

  /// The sizes of the two reference models, for one request and for sixteen.
  static func all() -> [KernelCase] {
    var random = SeededGenerator(seed: 5)
    return [1, 16].flatMap { batch in
      [
        product("linear int8 [\(32 * batch), 256]·[128, 256]", 32 * batch, 256, 128, true, &random),
        product("linear int8 [\(64 * batch), 128]·[512, 128]", 64 * batch, 128, 512, true, &random),
        product(
          "linear float32 [\(32 * batch), 256]·[128, 256]", 32 * batch, 256, 128, false, &random),
        recurrence(.lstm, batch: batch, isInt8: true, &random),
        recurrence(.lstm, batch: batch, isInt8: false, &random),
        recurrence(.gru, batch: batch, isInt8: true, &random),
        recurrence(.gru, batch: batch, isInt8: false, &random),
        foldedLSTM(batch: batch, rows: 2_000, &random),
        foldedLSTM(batch: batch, rows: 50_000, &random),
        attention(batch: batch, int8: true, &random),
        attention(batch: batch, int8: false, &random),
        layerNorm(rows: 64 * batch, &random),
        gather(rows: 50 * batch, &random),
      ]
    }
  }

  private static func product(
    _ name: String, _ rows: Int, _ depth: Int, _ outputs: Int, _ isInt8: Bool,
    _ random: inout SeededGenerator
  ) -> KernelCase {
    let matrix = matrix(outputs, depth, isInt8, &random)
    let input = KernelMemory(rows: rows, columns: depth, &random)
    let output = KernelMemory(rows: rows, columns: outputs, &random)
    let scratch = KernelMemory(byteCount: KernelTable.scratchBytes(product: matrix))
    return KernelCase(name: name) { table in
      // The blocks belong to this closure and have the sizes that the kernel asks for.
      unsafe table.product(
        matrix, input.input(isInt8), rows: rows, activation: .relu, into: output.floats,
        quantised: isInt8 ? output.quantised : nil, scratch: scratch.scratch)
    }
  }

  private static func recurrence(
    _ cell: RecurrentCell, batch: Int, isInt8: Bool, _ random: inout SeededGenerator
  ) -> KernelCase {
    let (units, width, events) = (128, 64, 50)
    let inputMatrix = matrix(cell.gates * units, width, isInt8, gates: cell.gates, &random)
    let recurrent = matrix(cell.gates * units, units, isInt8, gates: cell.gates, &random)
    let candidateBias = cell == .gru ? Array(repeating: Float(0.1), count: units) : nil
    let input = KernelMemory(rows: batch * events, columns: width, &random)
    let state = KernelMemory(rows: batch, columns: units, &random)
    let scratch = KernelMemory(
      byteCount: KernelTable.scratchBytes(
        recurrenceUsers: batch, tokens: batch * events, units: units, cell: cell,
        inputMatrix: inputMatrix))
    let offsets = (0...batch).map { Int32($0 * events) }
    let kind = isInt8 ? "int8" : "float32"
    return KernelCase(name: "\(cell) \(kind) \(batch) × T 50, 64 → 128") { table in
      // As above.
      unsafe offsets.withUnsafeBufferPointer { offsets in
        guard let offsets = offsets.baseAddress else { return }
        func run(_ candidateBias: UnsafePointer<Float>?) {
          // As above.
          unsafe table.recurrence(
            cell, RecurrenceProduct(inputMatrix, input.input(isInt8)), recurrent: recurrent,
            candidateBias: candidateBias, offsets: offsets, users: batch, sequence: nil,
            state: state.floats, scratch: scratch.scratch)
        }
        guard let candidateBias else { return run(nil) }
        unsafe candidateBias.withUnsafeBufferPointer { unsafe run($0.baseAddress) }
      }
    }
  }

  /// The LSTM over rows that were multiplied ahead, new ones at every call: in the level 2 cache, and not.
  private static func foldedLSTM(
    batch: Int, rows: Int, _ random: inout SeededGenerator
  ) -> KernelCase {
    let (units, events, calls) = (128, 50, 64)
    let recurrent = matrix(4 * units, units, true, gates: 4, &random)
    let folded = EmbeddingTable(
      int8: int8s(rows * 4 * units, &random), scales: Array(repeating: 0.01, count: rows),
      rows: rows, width: 4 * units)
    let tokens = batch * events
    let ids = (0..<calls * tokens).map { _ in
      Int32.random(in: 0..<Int32(rows), using: &random)
    }
    let state = KernelMemory(rows: batch, columns: units, &random)
    let scratch = KernelMemory(
      byteCount: KernelTable.scratchBytes(
        recurrenceUsers: batch, tokens: tokens, units: units, cell: .lstm, inputMatrix: nil))
    let offsets = (0...batch).map { Int32($0 * events) }
    var call = 0
    return KernelCase(name: "lstm int8 \(batch) × T 50, folded [\(rows), 512] → 128") { table in
      call = (call + 1) % calls
      // As above.
      unsafe offsets.withUnsafeBufferPointer { offsets in
        unsafe ids.withUnsafeBufferPointer { ids in
          guard let offsets = offsets.baseAddress, let ids = ids.baseAddress else { return }
          unsafe table.recurrence(
            .lstm, nil, lookups: 1, lookup: { _ in unsafe (folded, ids + call * tokens) },
            recurrent: recurrent, offsets: offsets, users: batch, sequence: nil,
            state: state.floats, scratch: scratch.scratch)
        }
      }
    }
  }

  private static func attention(batch: Int, int8: Bool, _ random: inout SeededGenerator)
    -> KernelCase
  {
    let (width, heads, events) = (128, 4, 64)
    let qkv = KernelMemory(rows: batch * events, columns: 3 * width, &random)
    let output = KernelMemory(rows: batch * events, columns: width, &random)
    let scratch = KernelMemory(
      byteCount: KernelTable.scratchBytes(attentionRowsMax: events, width: width, heads: heads))
    let offsets = (0...batch).map { Int32($0 * events) }
    let kind = int8 ? "int8" : "float32"
    return KernelCase(name: "attention \(kind) \(batch) × T 64, d 128, 4 heads") { table in
      // As above.
      unsafe offsets.withUnsafeBufferPointer { offsets in
        guard let offsets = offsets.baseAddress else { return }
        unsafe table.attention(
          qkv.floats, offsets: offsets, users: batch, width: width, heads: heads, causal: false,
          int8: int8, into: output.floats, scratch: scratch.scratch)
      }
    }
  }

  private static func layerNorm(rows: Int, _ random: inout SeededGenerator) -> KernelCase {
    let input = KernelMemory(rows: rows, columns: 128, &random)
    let output = KernelMemory(rows: rows, columns: 128, &random)
    let gain = (0..<128).map { _ in Float.random(in: 0...1, using: &random) }
    return KernelCase(name: "layer norm + quantise [\(rows), 128]") { table in
      // As above.
      unsafe gain.withUnsafeBufferPointer { gain in
        guard let gain = gain.baseAddress else { return }
        unsafe table.layerNorm(
          input.floats, gain: gain, bias: gain, epsilon: 1e-5, rows: rows, width: 128,
          into: output.floats, quantised: output.quantised)
      }
    }
  }

  private static func gather(rows: Int, _ random: inout SeededGenerator) -> KernelCase {
    let (tableRows, width) = (50_000, 48)
    let embedding = EmbeddingTable(
      int8: int8s(tableRows * width, &random), scales: Array(repeating: 0.01, count: tableRows),
      rows: tableRows, width: width)
    let ids = (0..<rows).map { _ in Int32.random(in: 0..<Int32(tableRows), using: &random) }
    let output = KernelMemory(rows: rows, columns: width, &random)
    return KernelCase(name: "gather int8 \(rows) of [50000, 48]") { table in
      // As above.
      unsafe ids.withUnsafeBufferPointer { ids in
        guard let ids = ids.baseAddress else { return }
        unsafe table.gather(embedding, ids: ids, rows: rows, into: output.floats)
      }
    }
  }

  private static func matrix(
    _ outputs: Int, _ depth: Int, _ isInt8: Bool, gates: Int = 0,
    _ random: inout SeededGenerator
  ) -> PackedMatrix {
    let values = int8s(outputs * depth, &random)
    let scales = Array(repeating: Float(0.001), count: outputs)
    if isInt8 {
      return PackedMatrix(
        int8: values, scales: scales, outputs: outputs, depth: depth, gates: gates)
    }
    return PackedMatrix(
      float: values.map { Float($0) * 0.001 }, outputs: outputs, depth: depth, gates: gates)
  }

  private static func int8s(_ count: Int, _ random: inout SeededGenerator) -> [Int8] {
    (0..<count).map { _ in Int8.random(in: -127...127, using: &random) }
  }
}
