/// Coupons in the order of their scores, as lines that align.
package struct Ranking: Hashable, Sendable {
  /// One coupon with its score for every output.
  package struct Entry: Hashable, Sendable {
    package var words: String
    package var scores: [Float]
  }

  package let outputs: [String]
  /// The highest score of the first output first; equal ones as they were given.
  package let entries: [Entry]

  /// - Parameter scores: one array for each output, with one score for each coupon.
  package init(words: [String], outputs: [String], scores: [[Float]]) {
    self.outputs = outputs
    let entries = words.enumerated().map { index, words in
      Entry(words: words, scores: scores.map { $0[index] })
    }
    // `sorted` keeps the order of equal ones, as it has since Swift 5.
    self.entries = entries.sorted { ($0.scores.first ?? 0) > ($1.scores.first ?? 0) }
  }

  /// A heading and a line for each coupon: rank, a percentage for each output, words.
  package var lines: [String] {
    let table =
      [[""] + outputs + ["coupon"]]
      + entries.enumerated().map { rank, entry in
        ["\(rank + 1)."] + entry.scores.map(Self.percent) + [entry.words]
      }
    let columns = outputs.count + 1
    let widths = (0..<columns).map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      let figures = zip(row, widths).map { cell, width in
        String(repeating: " ", count: max(0, width - cell.count)) + cell
      }
      return (figures + [row[columns]]).joined(separator: "  ")
    }
  }

  /// `31.4 %`.
  static func percent(_ score: Float) -> String {
    let tenths = Int((Double(score) * 1_000).rounded())
    return "\(tenths / 10).\(abs(tenths % 10)) %"
  }
}
