internal import CKernels

// Every method hands its pointers to one C call, which ends before the method returns.
extension KernelTable {
  /// activation(input · weightsᵀ + bias + addend), `[rows, depth] · [outputs, depth]ᵀ`. The columns of the
  /// result are ``PackedMatrix/packedOutputs``.
  ///
  /// - Parameters:
  ///   - input: quantised rows for an int8 matrix, float rows for a float32 one.
  ///   - addend: `[…, outputs]`, added before the activation: a residual, or the user part of a head,
  ///     chosen for each row by its map.
  ///   - output: `[rows, outputs]`, or nil where only `quantised` is wanted. It may be the addend (then
  ///     without a map), not the input.
  ///   - quantised: the result as quantised rows `[rows, outputs]`, or nil.
  ///   - scratch: ``scratchBytes(product:)`` bytes.
  /// - Complexity: O(rows · outputs · depth).
  public func product(
    _ matrix: PackedMatrix, _ input: ProductInput, rows: Int, addend: MappedRows? = nil,
    activation: Activation = .none, into output: FloatRows?, quantised: QuantisedRows? = nil,
    scratch: UnsafeMutableRawPointer
  ) {
    // The caller's pointers are used until the call below ends: the matrix, and the rows that it takes.
    var a = unsafe tsr_product()
    unsafe a.matrix = UnsafePointer(matrix.matrix)
    unsafe a.rows = Int32(rows)
    switch unsafe input {
    case .int8(let rows):
      assert(matrix.isInt8)
      unsafe a.input_int8 = UnsafePointer(rows.values)
      unsafe a.input_scales = UnsafePointer(rows.scales)
    case .float(let rows):
      assert(!matrix.isInt8)
      // As above.
      unsafe a.input_float = UnsafePointer(rows.base)
      unsafe a.input_stride = rows.stride
    }
    // What is added, if anything.
    if let addend = unsafe addend {
      unsafe a.addend = UnsafePointer(addend.rows.base)
      unsafe a.addend_stride = addend.rows.stride
      unsafe a.addend_map = addend.map
    }
    // The forms in which the result is wanted.
    unsafe a.activation = activation.code
    unsafe a.slope = activation.slope
    if let output = unsafe output {
      unsafe a.output = output.base
      unsafe a.output_stride = output.stride
    }
    if let quantised = unsafe quantised {
      unsafe a.output_int8 = quantised.values
      // As above.
      unsafe a.output_scales = quantised.scales
    }
    // As large as `scratchBytes(product:)` says.
    unsafe a.scratch = scratch
    unsafe c.pointee.product(&a)
  }

  /// Bytes of scratch that a product with this matrix needs.
  public static func scratchBytes(product matrix: PackedMatrix) -> Int {
    // The C function reads the shape alone.
    unsafe tsr_product_scratch_bytes(matrix.matrix)
  }

  /// One direction of one recurrent layer over ragged sequences.
  ///
  /// Gates are start + Σ lookups + input · W_inputᵀ + h · W_recurrentᵀ, but for what ``RecurrentCell`` says.
  /// Where `recurrent` is int8, h is quantised with the fixed scale 1/127, and σ and tanh have an error of at
  /// most 1e-4 and 2e-4. Users are ordered by length inside.
  ///
  /// - Parameters:
  ///   - cell: what becomes of the gates.
  ///   - input: what is multiplied at each row, or nil where lookups say all.
  ///   - lookups: how many, at most ``KernelLimits/lookupsMax``.
  ///   - lookup: each of them: a table made by ``folded(_:through:)`` with a part of the input weights, and
  ///     its ids `[tokens]`.
  ///   - userRows: `[users, packed gates]`: where the gates of each user start, bias included; nil for the
  ///     bias of `recurrent`.
  ///   - recurrent: `[gates·units, units]` with the bias of the layer, packed with the cell's gates.
  ///   - candidateBias: `[units]` and zeros up to ``KernelLimits/paddedUnits(_:)``, for ``RecurrentCell/gru``
  ///     alone.
  ///   - offsets: `[users + 1]`; user u owns the rows offsets[u] ..< offsets[u + 1], oldest first.
  ///   - backward: reads newest first; row t of `sequence` is then the state after reading row t.
  ///   - sequence: `[tokens, units]`, or nil.
  ///   - state: `[users, units]`, the state after the last step (zeros without rows), or nil.
  ///   - scratch: ``scratchBytes(recurrenceUsers:tokens:units:cell:inputMatrix:)`` bytes.
  public func recurrence(
    _ cell: RecurrentCell, _ input: RecurrenceProduct?, lookups: Int = 0,
    lookup: (Int) -> (table: EmbeddingTable, ids: UnsafePointer<Int32>) = { _ in
      preconditionFailure("there are no lookups")
    },
    userRows: FloatRows? = nil, recurrent: PackedMatrix,
    candidateBias: UnsafePointer<Float>? = nil, offsets: UnsafePointer<Int32>, users: Int,
    backward: Bool = false, sequence: FloatRows?, state: FloatRows?,
    scratch: UnsafeMutableRawPointer
  ) {
    assert(recurrent.gates == cell.gates && recurrent.outputs == cell.gates * recurrent.depth)
    precondition(lookups <= KernelLimits.lookupsMax)
    // The caller's pointers are used until the call below ends: users and what is multiplied for them.
    var a = unsafe tsr_recurrence()
    unsafe a.cell = cell.code
    unsafe a.users = Int32(users)
    unsafe a.units = Int32(recurrent.depth)
    unsafe a.offsets = offsets
    if let input = unsafe input {
      assert(unsafe input.matrix.gates == cell.gates && input.matrix.outputs == recurrent.outputs)
      unsafe a.input_matrix = UnsafePointer(input.matrix.matrix)
      // Rows of the kind that the matrix takes.
      switch unsafe input.rows {
      case .int8(let rows):
        assert(unsafe input.matrix.isInt8)
        unsafe a.input_int8 = UnsafePointer(rows.values)
        unsafe a.input_scales = UnsafePointer(rows.scales)
      case .float(let rows):
        assert(unsafe !input.matrix.isInt8)
        // As above.
        unsafe a.input_float = UnsafePointer(rows.base)
        unsafe a.input_stride = rows.stride
      }
    }
    // Where the gates of each user start.
    if let userRows = unsafe userRows {
      unsafe a.user_rows = UnsafePointer(userRows.base)
      unsafe a.user_stride = userRows.stride
    }
    unsafe a.recurrent = UnsafePointer(recurrent.matrix)
    unsafe a.candidate_bias = candidateBias
    unsafe a.backward = backward
    // The states that are wanted.
    if let sequence = unsafe sequence {
      unsafe a.sequence = sequence.base
      unsafe a.sequence_stride = sequence.stride
    }
    if let state = unsafe state {
      unsafe a.state = state.base
      unsafe a.state_stride = state.stride
    }
    // As large as `scratchBytes(recurrenceUsers:tokens:units:cell:inputMatrix:)` says.
    unsafe a.scratch = scratch
    // On the stack: a call allocates nothing.
    unsafe withUnsafeTemporaryAllocation(of: tsr_lookup.self, capacity: lookups) { list in
      for index in 0..<lookups {
        let (table, ids) = unsafe lookup(index)
        assert(table.width == recurrent.packedOutputs)
        unsafe list.initializeElement(at: index, to: tsr_lookup(table: table.table, ids: ids))
      }
      // The list lives until this closure ends.
      unsafe a.lookups = UnsafePointer(list.baseAddress)
      unsafe a.lookup_count = Int32(lookups)
      unsafe c.pointee.recurrence(&a)
    }
  }

  /// Bytes of scratch for a recurrent layer over at most this many users and tokens.
  public static func scratchBytes(
    recurrenceUsers users: Int, tokens: Int, units: Int, cell: RecurrentCell,
    inputMatrix: PackedMatrix?
  ) -> Int {
    // The C function reads the shape alone.
    unsafe tsr_recurrence_scratch_bytes(
      Int32(users), Int32(tokens), Int32(units), cell.code, inputMatrix?.matrix)
  }

  /// softmax(q·kᵀ/√(width/heads))·v, each user over its own rows only.
  ///
  /// - Parameters:
  ///   - qkv: `[tokens, 3·width]`: queries, keys, values; head h owns the columns h·width/heads … of each.
  ///   - causal: event i sees events 0 … i.
  ///   - int8: whether products may be int8, with scales from the user's own rows (for int8 plans).
  ///   - output: `[tokens, width]`.
  ///   - scratch: ``scratchBytes(attentionRowsMax:width:heads:)`` bytes.
  /// - Complexity: O(Σ rows² · width).
  public func attention(
    _ qkv: FloatRows, offsets: UnsafePointer<Int32>, users: Int, width: Int, heads: Int,
    causal: Bool, int8: Bool, into output: FloatRows, scratch: UnsafeMutableRawPointer
  ) {
    // The caller's pointers, used until the call ends.
    var a = unsafe tsr_attention(
      users: Int32(users), width: Int32(width), heads: Int32(heads), offsets: offsets,
      causal: causal, int8: int8, qkv: qkv.base, qkv_stride: qkv.stride, output: output.base,
      output_stride: output.stride, scratch: scratch)
    unsafe c.pointee.attention(&a)
  }

  /// Bytes of scratch for attention over users of at most this many rows.
  public static func scratchBytes(attentionRowsMax rows: Int, width: Int, heads: Int) -> Int {
    tsr_attention_scratch_bytes(Int32(rows), Int32(width), Int32(heads))
  }
}
