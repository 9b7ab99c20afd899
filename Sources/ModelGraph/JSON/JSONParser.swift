/// Reads one JSON text (RFC 8259) in one pass, and nothing that is only nearly JSON.
///
/// The text comes from elsewhere: what it can make a reader hold is bounded before it is held, and a key
/// that stands twice in an object is refused, since two readers would take different ones.
/// - Complexity: linear in the bytes.
struct JSONParser {
  /// What is wrong, at which byte.
  struct Fault: Error {
    var offset: Int
    var message: String
  }

  let bytes: [UInt8]
  var index = 0
  private var depth = 0
  private var values = 0
  private var containers = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The value that the text is.
  static func parse(_ bytes: [UInt8]) throws(Fault) -> JSONValue {
    var parser = JSONParser(bytes)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw Fault(
        offset: 0, message: "begins with a byte order mark; save the file as UTF-8 without one")
    }
    let value = try parser.value()
    parser.skipSpace()
    guard parser.index == bytes.count else { throw parser.expected("the end of the file") }
    return value
  }

  /// The byte at which the value under a path begins, in a text that could be parsed; `nil` when there is
  /// no such value.
  static func offset(of path: [any CodingKey], in bytes: [UInt8]) -> Int? {
    var parser = JSONParser(bytes)
    return try? parser.offset(of: path[...])
  }

  // MARK: Values

  private mutating func value() throws(Fault) -> JSONValue {
    skipSpace()
    values += 1
    guard values <= ModelLimits.jsonValuesMax else {
      throw fault("more than \(ModelLimits.jsonValuesMax) values stand in one file")
    }
    guard let byte = peek else { throw expected("a value") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { parser throws(Fault) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(Fault) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    // Any other byte.
    default: throw expected("a value")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(Fault) -> JSONValue
  ) throws(Fault) -> JSONValue {
    depth += 1
    containers += 1
    guard depth <= ModelLimits.jsonDepthMax else {
      throw fault("arrays and objects are nested more than \(ModelLimits.jsonDepthMax) deep")
    }
    guard containers <= ModelLimits.jsonContainersMax else {
      throw fault("more than \(ModelLimits.jsonContainersMax) arrays and objects stand in one file")
    }
    index += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(Fault) -> JSONValue {
    var members: [String: JSONValue] = [:]
    if skip(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      let start = index
      let key = try self.key()
      guard members[key] == nil else {
        throw Fault(
          offset: start, message: "the key \"\(key.prefix(80))\" stands twice in one object")
      }
      members[key] = try value()
    } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "}")) else { throw expected("\",\" or \"}\"") }
    return .object(members)
  }

  private mutating func array() throws(Fault) -> JSONValue {
    var elements: [JSONValue] = []
    if skip(UInt8(ascii: "]")) { return .array(elements) }
    repeat { elements.append(try value()) } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "]")) else { throw expected("\",\" or \"]\"") }
    return .array(elements)
  }

  /// A member's key and the colon after it.
  private mutating func key() throws(Fault) -> String {
    guard peek == UInt8(ascii: "\"") else { throw expected("a key in quotation marks") }
    let key = try string()
    guard skip(UInt8(ascii: ":")) else { throw expected("\":\" after the key") }
    return key
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(Fault) -> JSONValue {
    guard bytes[index...].starts(with: text.utf8) else { throw expected("a value") }
    index += text.utf8.count
    return value
  }

  private mutating func number() throws(Fault) -> JSONValue {
    let start = index
    if peek == UInt8(ascii: "-") { index += 1 }
    let isZero = peek == UInt8(ascii: "0")
    let digits = try skipDigits("a digit")
    if isZero && digits > 1 {
      throw Fault(offset: start, message: "a number does not begin with 0 before other digits")
    }
    var isWhole = true
    if peek == UInt8(ascii: ".") {
      isWhole = false
      index += 1
      _ = try skipDigits("a digit after the point")
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      isWhole = false
      index += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
      _ = try skipDigits("a digit of the exponent")
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if isWhole, let value = Int64(text) { return .integer(value) }
    if isWhole, let value = UInt64(text) { return .unsigned(value) }
    guard let value = Double(text), value.isFinite else {
      throw Fault(offset: start, message: "the number \(text.prefix(40)) is too large")
    }
    return .number(value)
  }

  private mutating func skipDigits(_ what: String) throws(Fault) -> Int {
    let start = index
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { index += 1 }
    guard index > start else { throw expected(what) }
    return index - start
  }

  // MARK: Places

  private mutating func offset(of path: ArraySlice<any CodingKey>) throws(Fault) -> Int {
    skipSpace()
    guard let step = path.first else { return index }
    index += 1
    if let wanted = step.intValue {
      for _ in 0..<wanted {
        _ = try value()
        _ = skip(UInt8(ascii: ","))
      }
      return try offset(of: path.dropFirst())
    }
    repeat {
      skipSpace()
      if try key() == step.stringValue { return try offset(of: path.dropFirst()) }
      _ = try value()
    } while skip(UInt8(ascii: ","))
    throw fault("there is no such value")
  }

  // MARK: Bytes

  var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      index += 1
    }
  }

  /// Goes past white space and this byte, if it comes next.
  private mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek == byte else { return false }
    index += 1
    return true
  }

  func fault(_ message: String) -> Fault { Fault(offset: index, message: message) }

  func expected(_ what: String) -> Fault {
    guard let byte = peek else {
      return fault("the text ends where \(what) is expected")
    }
    let isPrintable = 0x21...0x7E ~= byte
    let found =
      isPrintable ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte \(String(byte, radix: 16))"
    return fault("\(found) stands where \(what) is expected")
  }
}
