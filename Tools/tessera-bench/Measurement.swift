internal import ArgumentParser

/// The median of many short runs of the same work, in microseconds.
///
/// The median, because other processes take the processor away now and then.
func medianMicroseconds(seconds: Double, _ work: () -> Void) -> Double {
  median(microseconds(seconds: seconds, work))
}

/// The time of each of many runs of the same work, in microseconds.
func microseconds(seconds: Double, _ work: () -> Void) -> [Double] {
  let clock = ContinuousClock()
  let end = clock.now + .seconds(seconds)
  var times: [Double] = []
  while times.count < 5 || clock.now < end {
    times.append(clock.measure(work).microseconds)
  }
  return times
}

func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }

extension Duration {
  var microseconds: Double {
    Double(components.seconds) * 1e6 + Double(components.attoseconds) / 1e12
  }
}

extension Double {
  /// With one decimal.
  var short: String {
    let tenths = Int((self * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}

extension String {
  func left(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  func right(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

/// Throws unless a measurement of this many seconds makes sense.
func validate(seconds: Double) throws {
  guard seconds > 0, seconds <= 3_600 else {
    throw ValidationError("--seconds must be above 0, and 3600 at the most")
  }
}
