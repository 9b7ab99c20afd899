/// What a handle asks for when several versions may answer it: every column of every version once, each
/// version reading its own by name.
public struct SignatureUnion: Hashable, Sendable {
  /// Columns of the first version in its order, then those that the next adds, and so on; the outputs that
  /// all have; the smaller limits.
  public let signature: Signature
  /// For each version, where each of its columns stands in ``signature``.
  public let columns: [[Int]]

  /// Why two versions cannot share a handle.
  public struct Conflict: Error, Hashable, Sendable, CustomStringConvertible {
    /// The versions, by their place in the list.
    public let versions: [Int]
    /// What differs.
    public let description: String
  }

  /// - Parameter signatures: at least one.
  /// - Throws: ``Conflict`` for outputs that differ, or a column that differs in axis, kind or width.
  public init(of signatures: [Signature]) throws(Conflict) {
    precondition(!signatures.isEmpty, "a union of nothing")
    var union = signatures[0]
    var places: [String: (column: Int, version: Int)] = [:]
    var columns: [[Int]] = []
    for (version, signature) in signatures.enumerated() {
      guard signature.outputs == union.outputs else {
        throw Conflict(
          versions: [0, version],
          description:
            "the outputs differ: \(signatures[0].outputs.words) and \(signature.outputs.words)")
      }
      var own: [Int] = []
      for column in signature.columns {
        if let place = places[column.name] {
          let other = union.columns[place.column]
          guard other == column else {
            throw Conflict(
              versions: [place.version, version],
              description: "column '\(column.name)' is \(other.words) and \(column.words)")
          }
          own.append(place.column)
          continue
        }
        if version > 0 { union.columns.append(column) }
        let index = version > 0 ? union.columns.count - 1 : own.count
        places[column.name] = (index, version)
        own.append(index)
      }
      columns.append(own)
      union.eventsMax = min(union.eventsMax, signature.eventsMax)
      union.couponsMax = min(union.couponsMax, signature.couponsMax)
    }
    guard union.columns.count <= Limits.columnsMax else {
      throw Conflict(
        versions: Array(signatures.indices),
        description:
          "\(union.columns.count) columns together, at most \(Limits.columnsMax)")
    }
    self.signature = union
    self.columns = columns
  }
}

extension Column {
  fileprivate var words: String {
    "\(kind) on the \(axis.name) axis" + (kind == .vector ? ", \(width) wide" : "")
  }
}

extension [Output] {
  fileprivate var words: String {
    map { "\($0.name) (\($0.meaning), \($0.axis.name) axis, \($0.width) wide)" }
      .joined(separator: ", ")
  }
}
