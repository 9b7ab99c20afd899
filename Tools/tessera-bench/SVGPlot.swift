internal import Foundation

/// A page of panels, two in a row, that share one logarithmic scale of y; x is logarithmic, too.
///
/// Doubly logarithmic, because a power law is then a straight line, and a factor the same distance
/// everywhere: between a curve and its floor, between panels.
struct SVGPlot {
  /// A line; a dashed one has no markers.
  struct Line {
    let name: String
    /// As SVG writes it.
    let color: String
    /// Lengths of dash and gap, or nil for a solid line.
    let dash: String?
    /// All above 0.
    let points: [(x: Double, y: Double)]
  }

  struct Panel {
    let title: String
    let xLabel: String
    /// Rising, all above 0; the first and the last are the ends of the axis.
    let xTicks: [Double]
    let lines: [Line]
  }

  let title: String
  /// Lines under the panels; the last one is set as code.
  let footer: [String]
  let yLabel: String
  let panels: [Panel]

  // Pixels.
  private static let (panelWidth, panelHeight) = (440.0, 300.0)
  private static let (left, top, gapX, gapY) = (80.0, 140.0, 90.0, 100.0)
  private static let legendColumn = 200.0

  /// The whole file.
  var svg: String {
    let rows = Double((panels.count + 1) / 2)
    let width = Self.left + 2 * Self.panelWidth + Self.gapX + 40
    let height = Self.top + rows * (Self.panelHeight + Self.gapY) + 30
    var body = text(title, Self.left, 40, size: 20, "font-weight=\"bold\"")
    body += legend()
    let decades = decades
    for (index, panel) in panels.enumerated() {
      let x = Self.left + Double(index % 2) * (Self.panelWidth + Self.gapX)
      let y = Self.top + Double(index / 2) * (Self.panelHeight + Self.gapY)
      body += "<g transform=\"translate(\(x) \(y))\">\n\(drawing(panel, decades))</g>\n"
    }
    for (index, line) in footer.enumerated() {
      let isCode = index == footer.count - 1
      body += text(
        line, Self.left, height - 20 * Double(footer.count - index), size: 12,
        "fill=\"#555\"\(isCode ? " font-family=\"monospace\"" : "")")
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" \
      height="\(height)" font-family="sans-serif" fill="#222">
      <rect width="100%" height="100%" fill="#fff"/>
      \(body)</svg>

      """
  }

  /// The powers of ten around all values of y.
  private var decades: ClosedRange<Double> {
    let values = panels.flatMap(\.lines).flatMap(\.points).map { log10($0.y) }
    let low = (values.min() ?? 0).rounded(.down)
    return low...max(low + 1, (values.max() ?? 1).rounded(.up))
  }

  /// The names of the first panel's lines, three in a column.
  private func legend() -> String {
    var result = ""
    for (index, line) in (panels.first?.lines ?? []).enumerated() {
      let x = Self.left + Double(index % 3) * Self.legendColumn
      let y = 66 + Double(index / 3) * 22
      result += stroke(line, [(x, y), (x + 36, y)])
      if line.dash == nil { result += marker(line, x + 18, y) }
      result += text(line.name, x + 44, y + 4.5, size: 13)
    }
    return result
  }

  private func drawing(_ panel: Panel, _ decades: ClosedRange<Double>) -> String {
    let (width, height) = (Self.panelWidth, Self.panelHeight)
    let first = log10(panel.xTicks.first ?? 1)
    let last = log10(panel.xTicks.last ?? 10)
    func x(_ value: Double) -> Double { width * (log10(value) - first) / (last - first) }
    func y(_ value: Double) -> Double {
      let span = decades.upperBound - decades.lowerBound
      return height * (decades.upperBound - log10(value)) / span
    }
    var result = text(panel.title, 0, -10, size: 13, "fill=\"#555\"")
    for tick in panel.xTicks {
      result += rule(x(tick), 0, x(tick), height)
      result += text("\(Int(tick))", x(tick), height + 18, size: 12, Self.middle)
    }
    for exponent in stride(from: decades.lowerBound, through: decades.upperBound, by: 1) {
      let value = pow(10, exponent)
      result += rule(0, y(value), width, y(value))
      let label = exponent < 0 ? "\(value)" : "\(Int(value))"
      result += text(label, -8, y(value) + 4, size: 12, "text-anchor=\"end\"")
    }
    result += "<rect width=\"\(width)\" height=\"\(height)\" fill=\"none\" stroke=\"#888\"/>\n"
    result += text(panel.xLabel, width / 2, height + 40, size: 13, Self.middle)
    result += text(
      yLabel, -height / 2, -54, size: 13, "\(Self.middle) transform=\"rotate(-90)\"")
    // Solid lines over dashed ones.
    for line in panel.lines.filter({ $0.dash != nil }) + panel.lines.filter({ $0.dash == nil }) {
      let points = line.points.map { (x($0.x), y($0.y)) }
      result += stroke(line, points)
      if line.dash == nil { result += points.map { marker(line, $0, $1) }.joined() }
    }
    return result
  }

  private static let middle = "text-anchor=\"middle\""

  private func stroke(_ line: Line, _ points: [(Double, Double)]) -> String {
    let path = points.map { "\($0.tenth),\($1.tenth)" }.joined(separator: " ")
    let dash = line.dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
    let width = line.dash == nil ? "2.2" : "1.6"
    return "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(line.color)\" "
      + "stroke-width=\"\(width)\"\(dash)/>\n"
  }

  private func marker(_ line: Line, _ x: Double, _ y: Double) -> String {
    "<circle cx=\"\(x.tenth)\" cy=\"\(y.tenth)\" r=\"3.4\" fill=\"\(line.color)\"/>\n"
  }

  private func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    "<path d=\"M\(x1.tenth) \(y1.tenth)L\(x2.tenth) \(y2.tenth)\" stroke=\"#e4e4e4\"/>\n"
  }

  private func text(
    _ words: String, _ x: Double, _ y: Double, size: Int, _ attributes: String = ""
  ) -> String {
    let escaped = words.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    return "<text x=\"\(x.tenth)\" y=\"\(y.tenth)\" font-size=\"\(size)\" \(attributes)>"
      + "\(escaped)</text>\n"
  }
}

extension Double {
  /// Rounded to a tenth: fine enough for a pixel.
  fileprivate var tenth: Double { (self * 10).rounded() / 10 }
}
