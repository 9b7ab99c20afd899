package import TesseraWire

/// Coupons in the order of their scores, as lines that align.
package struct Ranking: Hashable, Sendable {
  /// One coupon with its numbers of every output.
  package struct Entry: Hashable, Sendable {
    package var words: String
    /// One array for each output: one number, or those of a vector.
    package var scores: [[Float]]
  }

  package let outputs: [Output]
  /// The highest score of the first output first; equal ones as they were given.
  package let entries: [Entry]

  /// - Parameter outputs: those of the coupon axis.
  /// - Parameter scores: one array for each output, with its numbers for each coupon, one after another.
  package init(words: [String], outputs: [Output], scores: [[Float]]) {
    self.outputs = outputs
    let entries = words.enumerated().map { index, words in
      Entry(
        words: words,
        scores: zip(outputs, scores).map { output, numbers in
          Array(numbers[index * output.width..<(index + 1) * output.width])
        })
    }
    // `sorted` keeps the order of equal ones, as it has since Swift 5.
    self.entries = entries.sorted {
      ($0.scores.first?.first ?? 0) > ($1.scores.first?.first ?? 0)
    }
  }

  /// A heading and a line for each coupon: rank, a figure for each output, words.
  package var lines: [String] {
    let table =
      [[""] + outputs.map(\.name) + ["coupon"]]
      + entries.enumerated().map { rank, entry in
        ["\(rank + 1)."] + zip(outputs, entry.scores).map { Self.figure(of: $0, $1) } + [entry.words]
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

  /// `31.4 %` for a probability, else the numbers as they are.
  package static func figure(of output: Output, _ numbers: [Float]) -> String {
    numbers.map { output.meaning == .probability ? percent($0) : "\($0)" }
      .joined(separator: ", ")
  }

  /// `31.4 %`; what is no probability is shown as it is.
  private static func percent(_ score: Float) -> String {
    guard score >= 0, score <= 1 else { return "\(score)" }
    let tenths = Int((Double(score) * 1_000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
