// SPEC.md is normative, so its numbers and examples are held to the code.
import Foundation
import TesseraWire
import Testing

@Suite("SPEC.md")
struct SpecTests {
  let text: String

  init() throws {
    text = try String(contentsOf: Vector.folder.appending(path: "SPEC.md"), encoding: .utf8)
  }

  /// The cells of every table row that begins with this heading's section.
  private func rows(section: String) throws -> [[String]] {
    let start = try #require(text.range(of: "\n## \(section)"))
    let rest = text[start.upperBound...]
    let body = rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)]
    return body.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
      line.split(separator: "|").map {
        $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "")
      }
    }
  }

  /// The hex blocks of the page, in its order.
  private func examples() -> [[UInt8]] {
    text.components(separatedBy: "```hex\n").dropFirst().map { part in
      Vector.bytes(hex: part.components(separatedBy: "```")[0])
    }
  }

  @Test("Every hex example is a whole valid frame, and SCORE follows the signature of BOUND")
  func hexExamples() throws {
    var kinds: [FrameKind] = []
    var signature: Signature?
    for example in examples() {
      try withBody(example) { (header, body) throws(WireError) in
        #expect(header.frameByteCount == example.count)
        if header.kind == .bound { signature = try BoundBody(decoding: body).signature }
        var layout = ScoreLayout()
        try decodeAny(header.kind, body, signature: signature, layout: &layout)
        kinds.append(header.kind)
      }
    }
    #expect(kinds == [.ping, .hello, .welcome, .bind, .bound, .score, .scores, .error])
  }

  @Test("The example of SCORE says what its comments say")
  func scoreExample() throws {
    let examples = examples()
    try #require(examples.count == 8)
    let signature = try withBody(examples[4]) { (_, body) throws(WireError) in
      try BoundBody(decoding: body).signature
    }
    let score = try withBody(examples[5]) { (_, body) throws(WireError) in
      try ScoreBody(decoding: body, signature: signature)
    }
    let expected = ScoreBody(
      handle: 5, deadlineMicroseconds: 2_000,
      users: [.init(key: 0xDEAD_BEEF, events: 2, coupons: 3)],
      columns: [.integers([300, 7]), .stringBags([["milk", "eggs"], [], ["bread"]])])
    #expect(score == expected)
    var encoded: [UInt8] = []
    try score.encodeFrame(requestID: 3, signature: signature, into: &encoded)
    #expect(encoded == examples[5])
  }

  @Test("The table of frame kinds has the code's numbers and longest bodies")
  func kinds() throws {
    let rows = try rows(section: "2. Frames").filter { $0[0].hasPrefix("0x") }
    #expect(rows.count == FrameKind.allCases.count)
    for row in rows {
      let number = try #require(UInt8(row[0].dropFirst(2), radix: 16))
      let kind = try #require(FrameKind(rawValue: number))
      #expect(kind.name == row[1])
      #expect("\(kind.sender)" == row[2])
      #expect(row.last == "\(kind.bodyBytesMax)")
    }
  }

  @Test("The table of error codes has the code's numbers, names and closes")
  func codes() throws {
    let rows = try rows(section: "10. Error codes").dropFirst(2)
    let table = rows.map { "\($0[0]) \($0[1]) \($0[2]) \($0[3])" }
    #expect(
      table
        == ErrorCode.all.map {
          "\($0.rawValue) \($0.name) \($0.closesConnection ? "yes" : "no") \($0.retry.words)"
        })
  }

  @Test("The table of limits has the code's numbers")
  func limits() throws {
    let rows = try rows(section: "11. Limits").dropFirst(2)
    let expected = [
      "users_max": Limits.usersMax, "events_max": Limits.eventsMax,
      "coupons_max": Limits.couponsMax, "columns_max": Limits.columnsMax,
      "in_flight_max": Limits.inFlightMax, "handles_max": Limits.handlesMax,
      "rows_max": Limits.rowsMax, "body_bytes_max": Limits.bodyBytesMax,
      "outputs_max": Limits.outputsMax, "name_bytes_max": Limits.nameBytesMax,
      "string_bytes_max": Limits.stringBytesMax, "bag_members_max": Limits.bagMembersMax,
      "bag_values_max": Limits.bagValuesMax, "credential_bytes_max": Limits.credentialBytesMax,
      "ping_bytes_max": Limits.pingBytesMax, "text_bytes_max": Limits.textBytesMax,
      "numbers_max": Limits.numbersMax,
      "vector_width_max": Limits.vectorWidthMax,
      "text_value_bytes_max": Limits.textValueBytesMax,
      "handle_numbers_max": Limits.handleNumbersMax,
      "list_entries_max": Limits.listEntriesMax, "reason_bytes_max": Limits.reasonBytesMax,
    ]
    let table = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Int($0[1]) ?? -1) })
    #expect(table == expected)
  }

  @Test("The table of encodings has the code's numbers")
  func encodings() throws {
    let numbers = try rows(section: "6. SCORE").compactMap { row in
      row[0].hasPrefix("0x") ? UInt8(row[0].dropFirst(2), radix: 16) : nil
    }
    #expect(numbers == Encoding.allCases.map(\.rawValue))
  }
}

extension Retry {
  fileprivate var words: String {
    switch self {
    case .never: "never"
    case .here: "here"
    case .elsewhere: "elsewhere"
    case .afterBinding: "after binding"
    }
  }
}
