import ModelGraph
import Testing

@Suite("JSON is read strictly, once, and with its places")
struct StrictJSONTests {
  private func read(_ text: String) throws -> JSONValue {
    try StrictJSON.decode(JSONValue.self, from: Array(text.utf8))
  }

  private func expectRefusal(
    _ text: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectRefusal(bytes: Array(text.utf8), words, sourceLocation: sourceLocation)
  }

  private func expectRefusal(
    bytes: [UInt8], _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: JSONError.self, sourceLocation: sourceLocation) {
      try StrictJSON.decode(JSONValue.self, from: bytes)
    }
    #expect(
      error?.description.contains(words) == true, "\(error?.description ?? "")",
      sourceLocation: sourceLocation)
  }

  @Test("every kind of value is read as it stands")
  func values() throws {
    #expect(
      try read(" {\"a\": [null, true, false, -0, 12, 1.5e2, \"x\"], \"b\": {}}\n")
        == .object([
          "a": .array([
            .null, .bool(true), .bool(false), .integer(0), .integer(12), .number(150),
            .string("x"),
          ]),
          "b": .object([:]),
        ]))
    #expect(try read("9223372036854775807") == .integer(.max))
    #expect(try read("18446744073709551615") == .unsigned(.max))
    #expect(try StrictJSON.decode(UInt64.self, from: Array("18446744073709551615".utf8)) == .max)
    #expect(try read("18446744073709551616") == .number(0x1p64))
    #expect(try StrictJSON.decode(Int.self, from: Array("-0".utf8)) == 0)
    #expect(
      try read(#""\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#) == .string("\"\\/\u{8}\u{c}\n\r\téé😀"))
  }

  @Test("what is only nearly JSON is refused with line, column and what was expected")
  func syntax() {
    expectRefusal("", "the text ends where a value is expected (line 1, column 1)")
    expectRefusal("[1,\n 2,]", "\"]\" stands where a value is expected (line 2, column 4)")
    expectRefusal("{\n \"é\" 1}", "where \":\" after the key is expected (line 2, column 6)")
    expectRefusal("{a: 1}", "where a key in quotation marks is expected (line 1, column 2)")
    expectRefusal("[1 2]", "\"2\" stands where \",\" or \"]\" is expected")
    expectRefusal("[1", "the text ends where \",\" or \"]\" is expected")
    expectRefusal("{} x", "\"x\" stands where the end of the file is expected")
    expectRefusal("\"a\nb\"", "a control character stands in a string")
    expectRefusal("\"abc", "the string that begins here does not end (line 1, column 1)")
    for text in ["NaN", "tru", "nul", "'a'", "Infinity", "\u{0}"] {
      expectRefusal(text, "stands where a value is expected")
    }
    for number in ["-", "1.", "1.e5", "1e", "+1", ".5", "01", "-01", "0x10"] {
      expectRefusal("[\(number)]", "(line 1")
    }
    expectRefusal("1e400", "the number 1e400 is too large")
  }

  @Test("strings that are no Unicode text are refused")
  func strings() {
    expectRefusal(#""\ud800""#, "one half of a pair alone")
    expectRefusal(#""\ud800A""#, "one half of a pair alone")
    expectRefusal(#""\udc00""#, "one half of a pair alone")
    expectRefusal(#""\x""#, "an escape that JSON does not know")
    expectRefusal(#""\u00g0""#, "a hexadecimal digit")
    for bytes in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE4]] as [[UInt8]] {
      expectRefusal(bytes: [0x22] + bytes + [0x22], "is not UTF-8")
    }
    expectRefusal(bytes: [0xEF, 0xBB, 0xBF, 0x31], "begins with a byte order mark")
  }

  @Test("a key that stands twice in an object is refused with its place, however it is written")
  func duplicates() throws {
    expectRefusal(
      "{\"a\": 1,\n \"b\": {\"c\": 1, \"\\u0063\": 2}}",
      "the key \"c\" stands twice in one object (line 2, column 16)")
    #expect(try read("[{\"a\": 1}, {\"a\": {\"a\": 2}}]") != .null)
    expectRefusal(
      "{\"format\":1,\"nodes\":[{\"activation\":\"relu\",\"activation\":\"none\"}]}",
      "\"activation\" stands twice")
  }

  @Test("a value of another type is named, with what was expected, its path, line and column")
  func types() {
    struct Node: Decodable { var units: Int }
    struct Model: Decodable { var nodes: [Node] }
    func refusal(_ value: String) -> String {
      do {
        let text = "{\"nodes\": [{\"units\": 3},\n {\"other\": [0], \"units\": \(value)}]}"
        _ = try StrictJSON.decode(Model.self, from: Array(text.utf8))
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(
      refusal("64.5")
        == "nodes[1].units: is 64.5, not a whole number (line 2, column 26)")
    #expect(refusal("\"64\"").contains("is \"64\", not a whole number"))
    #expect(refusal("null").contains("is null, not a whole number"))
    #expect(refusal("[]").contains("is an array, not a whole number"))
    #expect(refusal("1e300").contains("is 1e+300, not a whole number"))
    #expect(refusal("64.0") == "none")
  }

  @Test("how deep and how much a text may hold is bounded before it is held")
  func bounds() throws {
    let deepest = ModelLimits.jsonDepthMax
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(try read(nested(deepest)) != .null)
    expectRefusal(nested(deepest + 1), "nested more than \(deepest) deep")
    expectRefusal(String(repeating: "[", count: 1 << 20), "nested more than \(deepest) deep")
    expectRefusal(String(repeating: "{\"a\":", count: 1 << 20), "nested more than \(deepest) deep")
    let many = ModelLimits.jsonContainersMax
    expectRefusal(
      "[" + String(repeating: "[],", count: many) + "[]]",
      "more than \(many) arrays and objects stand in one file")
  }

  @Test("a description has room for the largest vocabulary that is promised")
  func vocabulary() {
    #expect(ModelLimits.tableRowsMax * 33 <= ModelLimits.jsonBytesMax)
    #expect(2 * ModelLimits.tableRowsMax < ModelLimits.jsonValuesMax)
  }
}
