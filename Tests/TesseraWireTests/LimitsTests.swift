import TesseraWire
import Testing

/// What the limits promise each other. Their reasons stand in `Limits.swift`.
@Suite("Limits")
struct LimitsTests {
  @Test("Counts and lengths fit into the fields that carry them")
  func fields() {
    for limit in [Limits.stringBytesMax, Limits.bagMembersMax, Limits.reasonBytesMax] {
      #expect(limit == Int(UInt8.max))
    }
    for limit in [Limits.nameBytesMax, Limits.outputsMax, Limits.pingBytesMax] {
      #expect(limit <= Int(UInt8.max))
    }
    for limit in [
      Limits.usersMax, Limits.eventsMax, Limits.couponsMax, Limits.inFlightMax, Limits.handlesMax,
      Limits.vectorWidthMax, Limits.textValueBytesMax, Limits.credentialBytesMax,
      Limits.textBytesMax, Limits.listEntriesMax,
    ] {
      #expect(limit <= Int(UInt16.max))
    }
    // 0xFFFF in ERROR's column means none.
    #expect(Limits.columnsMax < Int(UInt16.max))
    #expect(Limits.handleNumbersMax == Int(UInt16.max) + 1)
  }

  @Test("What one user may have, one frame may have, and a frame's limit says something")
  func frames() {
    #expect(Limits.rowsMax >= max(Limits.usersMax, Limits.eventsMax, Limits.couponsMax))
    #expect(Limits.rowsMax < Limits.usersMax * Limits.eventsMax)
    #expect(Limits.bagValuesMax >= Limits.rowsMax)
    #expect(Limits.handlesMax <= Limits.handleNumbersMax)
  }

  @Test("Every output of a full frame, and the widest vector of every user, can be answered")
  func numbers() {
    #expect(Limits.numbersMax >= Limits.outputsMax * Limits.rowsMax)
    #expect(Limits.numbersMax >= Limits.usersMax * Limits.vectorWidthMax)
    #expect(4 * Limits.numbersMax == Limits.bodyBytesMax)
  }

  @Test("A full frame of a dozen 32-bit columns fits, and the longest text of every user")
  func bodies() {
    #expect(Limits.bodyBytesMax >= 12 * 4 * Limits.rowsMax)
    #expect(Limits.bodyBytesMax >= Limits.textValueBytesMax * Limits.usersMax)
    for kind in FrameKind.allCases where kind != .score && kind != .scores {
      #expect(kind.bodyBytesMax < 1 << 16)
    }
  }
}
