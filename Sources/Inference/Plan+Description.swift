internal import TesseraWire

extension Plan: CustomStringConvertible {
  /// The steps as a table: axis, node, kernel, shapes. A line a step.
  public var description: String { ([summary] + stepLines).joined(separator: "\n") }

  /// Instruction set, memory and batch limits in one line.
  public var summary: String {
    "\(steps.count) steps on \(kernelName); weights \(weightBytes) bytes; workspace \(workspaceBytes) "
      + "bytes (\(workspaceBytes - scratchOffset) of them kernel scratch) for \(limits.words) in chunks "
      + "of \(Axis.allCases.map { "\(chunk[$0])" }.joined(separator: ", "))"
  }

  /// One line for each step, as in ``description``.
  package var stepLines: [String] {
    steps.map { "\($0.rowsName.padded(7)) \($0.label.padded(28)) \($0.action.words)" }
  }
}

extension Step {
  /// Its axis, with the number of its sequence where that is not the events of the request.
  fileprivate var rowsName: String {
    axis == .event && sequence > 0 ? "\(axis.name) \(sequence)" : axis.name
  }
}

extension RowCounts {
  /// Rows with the names of their axes.
  var words: String {
    Axis.allCases.map { "\(self[$0]) \($0.name)s" }.joined(separator: ", ")
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
