// Text for people: columns that line up, figures with units.

import CommandOutput
import Foundation

/// Columns separated by two spaces, each as wide as its widest cell.
struct TextTable {
  private var rows: [[String]]

  init(_ header: String...) { rows = [header] }

  mutating func add(_ cells: String...) { rows.append(cells.map { visible($0) }) }

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let line = zip(row, widths)
        .map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
        .joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}

/// `812 B`, `3.4 KB`, `27 MB`: decimal units, two digits.
func byteText(_ bytes: Int) -> String {
  var (value, unit) = (Double(bytes), "B")
  for larger in ["KB", "MB", "GB", "TB"] where value >= 1000 {
    (value, unit) = (value / 1000, larger)
  }
  return unit == "B" || value >= 10
    ? "\(Int(value.rounded())) \(unit)" : "\((value * 10).rounded() / 10) \(unit)"
}

/// `0.43 %`.
func percentText(_ fraction: Float) -> String { String(format: "%.2f %%", fraction * 100) }

/// `2026-03-01 09:30:00`, from the stored RFC 3339 time; UTC as it is stored.
func timeText(_ stored: String) -> String {
  stored.prefix(19).replacingOccurrences(of: "T", with: " ")
}
