/// The report for people.
extension LoadReport {
  /// Some lines, without a line feed at the end.
  package var text: String {
    var rows: [(String, String)] = [
      (
        "throughput",
        "\(grouped(throughputPerSecond)) requests/s, \(grouped(couponsPerSecond)) coupons/s"
      ),
      (
        "latency",
        "p50 \(time(latencyMicroseconds.p50))   p99 \(time(latencyMicroseconds.p99))   "
          + "p99.9 \(time(latencyMicroseconds.p999))   max \(time(latencyMicroseconds.max))"
      ),
      (
        "in the server",
        "median: queued \(time(Double(queueMicroseconds.median))), "
          + "computed \(time(Double(computeMicroseconds.median)))"
      ),
      ("answers", counts(outcomes)),
      ("versions", counts(versions, prefix: "version ")),
      (
        "this program",
        "\(Int(generatorCpuPercent.rounded())) % of a core"
          + (loop == "open"
            ? "; wrote requests \(time(sendLatenessMicrosecondsP99)) late (p99)" : "")
      ),
    ]
    if rebinds > 0 {
      rows.append(("rebinds", "\(rebinds), as the live version's signature changed"))
    }
    if let firstFault { rows.append(("first fault", firstFault)) }
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { name, value in
      "  " + name + String(repeating: " ", count: width - name.count + 2) + value
    }
    return ([heading] + lines + [verdict]).joined(separator: "\n")
  }

  private var heading: String {
    let pace =
      concurrency.map { "\($0) requests at a time" }
      ?? "\(grouped(ratePerSecond ?? 0)) requests/s"
    return "\(model) at \(server): \(pace) over \(connections) connections, \(rounded(seconds)) s"
      + (warmupSeconds > 0 ? " after \(rounded(warmupSeconds)) s of warm-up" : "")
  }

  private var verdict: String {
    if outcomes["SCORES", default: 0] == 0 { return "No request was scored." }
    var parts: [String] = []
    if failed > 0 {
      let early = failedInWarmup > 0 ? " (\(grouped(Double(failedInWarmup))) in the warm-up)" : ""
      parts.append("\(grouped(Double(failed))) requests failed\(early)")
    }
    if refused > 0 { parts.append("\(grouped(Double(refused))) were refused") }
    return parts.isEmpty ? "No request failed." : parts.joined(separator: ", ") + "."
  }

  private func counts(_ values: [String: UInt64], prefix: String = "") -> String {
    guard !values.isEmpty else { return "none" }
    // Numbers by their size, names by their letters.
    let order = values.keys.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
    return order.map { "\(prefix)\($0): \(grouped(Double(values[$0, default: 0])))" }
      .joined(separator: "   ")
  }
}

/// `1,234,567`, without a fraction; below ten with one digit after the point.
func grouped(_ value: Double) -> String {
  guard value >= 10 || value == value.rounded() else { return rounded(value) }
  let digits = Array(String(Int64(value.rounded())))
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return text
}

/// One digit after the point, none when it is 0.
func rounded(_ value: Double) -> String {
  let tenths = (value * 10).rounded() / 10
  return tenths == tenths.rounded() ? "\(Int64(tenths))" : "\(tenths)"
}

/// Microseconds in a unit of their size: `85 µs`, `1.25 ms`, `2.1 s`.
func time(_ microseconds: Double) -> String {
  switch microseconds {
  case ..<1_000: "\(Int(microseconds.rounded())) µs"
  case ..<10_000: "\((microseconds / 10).rounded() / 100) ms"
  case ..<1_000_000: "\(rounded(microseconds / 1e3)) ms"
  // Every longer time.
  default: "\((microseconds / 1e4).rounded() / 100) s"
  }
}
