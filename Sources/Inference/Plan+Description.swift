internal import Kernels
internal import TesseraWire

extension Plan: CustomStringConvertible {
  /// The steps as a table: axis, node, kernel, shapes. A line a step.
  public var description: String {
    let lines = steps.map { "\($0.axis.word.padded(7)) \($0.label.padded(28)) \($0.action.words)" }
    return ([summary] + lines).joined(separator: "\n")
  }

  /// Instruction set, memory and batch limits in one line.
  public var summary: String {
    "\(steps.count) steps on \(kernelName); weights \(weightBytes) bytes; workspace \(workspaceBytes) "
      + "bytes (\(workspaceBytes - scratchOffset) of them kernel scratch) for \(limits.users) users, "
      + "\(limits.events) events, \(limits.coupons) coupons in chunks of \(chunk.users), "
      + "\(chunk.events), \(chunk.coupons)"
  }

  /// One line for each step, as in ``description``.
  package var stepLines: [String] {
    steps.map { "\($0.axis.word.padded(7)) \($0.label.padded(28)) \($0.action.words)" }
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

extension Axis {
  fileprivate var word: String {
    switch self {
    case .user: "user"
    case .event: "event"
    case .coupon: "coupon"
    }
  }
}

extension Action {
  /// Kernel and shapes, such as `product int8 [256 → 128] + user rows, relu → int8`.
  fileprivate var words: String {
    switch self {
    case .numbers(let columns):
      "numbers" + (columns.count == 1 ? columns[0].transform.words : " × \(columns.count)")
    case .bucketise(_, let transform, let boundaries, _):
      "bucketise\(transform.words) by \(boundaries.count) boundaries"
    case .gather(let table, _, let bag, let reduction, _):
      "gather \(table.isInt8 ? "int8" : "float32") [\(table.rows) × \(table.width)]"
        + (bag == nil ? "" : ", \(reduction) of each bag")
    case .copy(let input, let width, _): "copy [\(width)]\(input.map.words)"
    case .combine(_, let combination, _, let width, _): "\(combination) [\(width)]"
    case .addPositions(_, let table, let width, _):
      "add positions [\(table.count / width) × \(width)]"
    case .quantise(_, let columns, _): "quantise [\(columns)]"
    case .product(let matrix, _, let addend, let activation, let output, let quantised):
      "product \(matrix.words)" + (addend.map { " + rows\($0.map.words)" } ?? "")
        + (activation == .none ? "" : ", \(activation)")
        + forms(float: output != nil, quantised: quantised != nil)
    case .lstm(let input, let recurrent, let backward, let sequence, _):
      "lstm \(backward ? "backward " : "")\(input.words), recurrent \(recurrent.words) → "
        + (sequence == nil ? "state" : "sequence")
    case .attention(_, let width, let heads, let causal, let int8, _):
      "attention \(int8 ? "int8" : "float32") [\(width)], \(heads) heads\(causal ? ", causal" : "")"
    case .layerNorm(_, _, _, _, let width, _, let quantised):
      "layer norm [\(width)]\(forms(float: true, quantised: quantised != nil))"
    case .pool(_, let width, let mode, _): "pool \(mode) [\(width)]"
    case .activate(_, let activation, let width, _): "\(activation) [\(width)]"
    }
  }

  private func forms(float: Bool, quantised: Bool) -> String {
    switch (float, quantised) {
    case (true, true): " → float32, int8"
    case (false, true): " → int8"
    default: ""
    }
  }
}

extension LSTMInput {
  fileprivate var words: String {
    var parts = product.map { [$0.matrix.words] } ?? []
    parts += lookups.map {
      "folded \($0.table.isInt8 ? "int8" : "float32") [\($0.table.rows) × \($0.table.width)]"
    }
    if userRows != nil { parts.append("rows of the user") }
    return parts.joined(separator: " + ")
  }
}

extension PackedMatrix {
  fileprivate var words: String { "\(isInt8 ? "int8" : "float32") [\(depth) → \(outputs)]" }
}

extension RowMap {
  fileprivate var words: String {
    switch self {
    case .same: ""
    case .userOfEvent, .userOfCoupon: " of the user"
    }
  }
}

extension NumberTransform {
  fileprivate var words: String {
    (log1p ? " log1p" : "") + (clip.lowerBound.isFinite || clip.upperBound.isFinite ? " clip" : "")
      + (mean != 0 || deviation != 1 ? " standardise" : "")
  }
}
