internal import Kernels
internal import TesseraWire

// Every pointer handed to a kernel lies in the workspace's memory or in the plan's constants, and the
// call ends before the step does.
extension Workspace {
  /// Scores the batch, a chunk of users after the other.
  ///
  /// - Complexity: that of the plan; see its printed form.
  public func run() {
    beginChunks()
    while nextChunk() {
      for index in plan.steps.indices { run(step: index) }
    }
  }

  /// Scores the batch and lets the caller run each step, so that a bench can time it.
  package func run(around: (_ step: Int, _ work: () -> Void) -> Void) {
    beginChunks()
    while nextChunk() {
      for index in plan.steps.indices { around(index) { run(step: index) } }
    }
  }

  private func run(step index: Int) {
    let step = plan.steps[index]
    let kernels = plan.kernels
    let rows = chunk.rows(step.axis).count
    guard rows > 0 else { return }
    switch step.action {
    case .numbers(let columns):
      for column in columns {
        unsafe kernels.number(
          floats(column.raw), count: rows, column.transform, into: self.rows(column.output))
      }
    case .bucketise(let raw, let transform, let boundaries, let ids):
      bucketise(raw, transform, boundaries, rows: rows, into: ids)
    case .gather(let table, let ids, let bagOffsets, let reduction, let output):
      unsafe kernels.gather(
        table, ids: self.ids(ids),
        bagOffsets: bagOffsets.map { unsafe UnsafePointer(self.ids($0)) },
        reduction: reduction, rows: rows, into: self.rows(output))
    case .copy(let input, let width, let output):
      unsafe kernels.copy(mapped(input), rows: rows, width: width, into: self.rows(output))
    case .combine(let left, let combination, let right, let width, let output):
      unsafe kernels.combine(
        mapped(left), combination, mapped(right), rows: rows, width: width, into: self.rows(output))
    case .addPositions(let input, let table, let width, let output):
      // The kernel only reads the table.
      let rowsOfTable = unsafe FloatRows(UnsafeMutablePointer(mutating: table.base), stride: width)
      unsafe kernels.combine(
        MappedRows(self.rows(input)), .add,
        MappedRows(rowsOfTable, map: ids(plan.maps.positionOfEvent)), rows: rows, width: width,
        into: self.rows(output))
    case .quantise(let input, let columns, let output):
      unsafe kernels.quantise(
        self.rows(input), rows: rows, columns: columns, into: quantisedRows(output))
    case .product(let matrix, let input, let addend, let activation, let output, let quantised):
      unsafe kernels.product(
        matrix, operand(input), rows: rows, addend: addend.map { unsafe mapped($0) },
        activation: activation, into: output.map { unsafe self.rows($0) },
        quantised: quantised.map { unsafe quantisedRows($0) }, scratch: scratch)
    case .lstm(let input, let recurrent, let backward, let sequence, let state):
      unsafe kernels.lstm(
        input.product.map { unsafe LSTMProduct($0.matrix, operand($0.rows)) },
        lookups: input.lookups.count, lookup: { unsafe lookup(input.lookups[$0]) },
        userRows: input.userRows.map { unsafe self.rows($0) }, recurrent: recurrent,
        offsets: ids(plan.maps.eventOffsets), users: chunk.users.count, backward: backward,
        sequence: sequence.map { unsafe self.rows($0) }, state: state.map { unsafe self.rows($0) },
        scratch: scratch)
    case .attention(let qkv, let width, let heads, let causal, let int8, let output):
      unsafe kernels.attention(
        self.rows(qkv), offsets: ids(plan.maps.eventOffsets), users: chunk.users.count,
        width: width,
        heads: heads, causal: causal, int8: int8, into: self.rows(output), scratch: scratch)
    case .layerNorm(
      let input, let gain, let bias, let epsilon, let width, let output, let quantised):
      unsafe kernels.layerNorm(
        self.rows(input), gain: gain.base, bias: bias.base, epsilon: epsilon, rows: rows,
        width: width, into: self.rows(output),
        quantised: quantised.map { unsafe quantisedRows($0) })
    case .pool(let input, let width, let mode, let output):
      unsafe kernels.pool(
        self.rows(input), offsets: ids(plan.maps.eventOffsets), users: chunk.users.count,
        width: width,
        mode: mode, into: self.rows(output))
    case .activate(let input, let activation, let width, let output):
      unsafe kernels.activate(
        self.rows(input), activation, rows: rows, width: width, into: self.rows(output))
    }
  }

  /// Transforms the raw column into scratch, then counts the boundaries that are ≤ each number.
  private func bucketise(
    _ raw: Int, _ transform: NumberTransform, _ boundaries: FloatConstants, rows: Int, into ids: Int
  ) {
    let ids = unsafe self.ids(ids)
    let numbers = unsafe scratch.assumingMemoryBound(to: Float.self)
    unsafe plan.kernels.number(
      floats(raw), count: rows, transform, into: FloatRows(numbers, stride: 1))
    for row in 0..<rows {
      // Both blocks have a place for every row of the batch.
      let number = unsafe numbers[row]
      var (low, high) = (0, boundaries.count)
      while low < high {
        let middle = (low + high) / 2
        if unsafe boundaries.base[middle] <= number { low = middle + 1 } else { high = middle }
      }
      unsafe ids[row] = Int32(low)
    }
  }

  private func lookup(_ lookup: Lookup) -> (table: EmbeddingTable, ids: UnsafePointer<Int32>) {
    unsafe (lookup.table, UnsafePointer(ids(lookup.ids)))
  }

  private func operand(_ operand: MatrixOperand) -> ProductInput {
    switch operand {
    case .quantised(let block): unsafe .int8(quantisedRows(block))
    case .float(let operand): unsafe .float(rows(operand))
    }
  }

  private func mapped(_ operand: MappedOperand) -> MappedRows {
    let rows = unsafe rows(operand.operand)
    return switch operand.map {
    case .same: unsafe MappedRows(rows)
    case .userOfEvent: unsafe MappedRows(rows, map: ids(plan.maps.userOfEvent))
    case .userOfCoupon: unsafe MappedRows(rows, map: ids(plan.maps.userOfCoupon))
    }
  }
}
