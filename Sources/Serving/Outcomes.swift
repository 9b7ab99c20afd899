package import TesseraWire

/// What became of requests, counted since the last look. In place: counting allocates nothing.
package struct Outcomes: Sendable {
  /// Computed, and handed to be written.
  package var scored = 0
  /// Their clients had gone or had cancelled them: not computed.
  package var dropped = 0
  /// By the number of the code; place 0 is for numbers that are none of the protocol's.
  private var refused: InlineArray<24, Int>

  package init() {
    refused = InlineArray(repeating: 0)
    precondition(ErrorCode.all.count < refused.count, "a place for each code")
  }

  /// Counts an answer by ERROR.
  package mutating func refuse(_ code: ErrorCode) { refused[Outcomes.place(code)] += 1 }

  /// Answers by ERROR with this code.
  package func refused(_ code: ErrorCode) -> Int { refused[Outcomes.place(code)] }

  /// Answers by ERROR.
  package var refusedInAll: Int { refused.indices.reduce(0) { $0 + refused[$1] } }

  /// Adds what was counted elsewhere.
  package static func += (left: inout Outcomes, right: Outcomes) {
    left.scored += right.scored
    left.dropped += right.dropped
    for place in left.refused.indices { left.refused[place] += right.refused[place] }
  }

  private static func place(_ code: ErrorCode) -> Int {
    Int(code.rawValue) <= ErrorCode.all.count ? Int(code.rawValue) : 0
  }
}

/// What became of the requests of one version.
package struct VersionOutcomes: Sendable {
  package let model: String
  package let version: UInt32
  package let outcomes: Outcomes
}

extension Lane {
  /// The counts since the last look, which begin anew.
  package mutating func collectOutcomes() -> VersionOutcomes {
    defer { outcomes = Outcomes() }
    return VersionOutcomes(model: model, version: version, outcomes: outcomes)
  }
}
