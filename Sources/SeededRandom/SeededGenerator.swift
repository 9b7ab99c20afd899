/// SplitMix64 (Steele, Lea, Flood 2014), for synthetic requests, random models and test cases: the same
/// seed gives the same numbers on every machine.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

extension SeededGenerator {
  /// Mean 0, deviation 1, nearly normal: the sum of four uniform numbers.
  package mutating func nearlyNormal() -> Float {
    let bits = next()
    let sum = (0..<4).reduce(0) { $0 + Int((bits >> (16 * $1)) & 0xFFFF) }
    return Float(sum - 131_070) / 37_837
  }
}
