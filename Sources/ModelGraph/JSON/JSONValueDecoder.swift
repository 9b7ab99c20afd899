// Decodable types read from a JSONValue. Foundation's decoder reads text, loses its places, takes the last
// of two equal keys, and pays for each type that is tried in vain with an error and its whole path.

/// A value with its place, as a decoder. Nothing is computed or copied before it is asked for.
struct JSONValueDecoder: Decoder {
  let value: JSONValue
  let path: Path

  var codingPath: [any CodingKey] { path.keys }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = value else { throw mismatch("an object") }
    return KeyedDecodingContainer(Members(members: members, path: path))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = value else { throw mismatch("an array") }
    return Elements(elements: elements, path: path)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  fileprivate func mismatch(_ wanted: String) -> JSONError {
    JSONError(path: path.keys, message: "is \(value.words), not \(wanted)")
  }

  /// The way to a value: made for every value, read for messages alone.
  indirect enum Path {
    case root
    case member(String, of: Path)
    case element(Int, of: Path)

    var keys: [any CodingKey] {
      switch self {
      case .root: []
      case .member(let name, let path): path.keys + [Step(stringValue: name)]
      case .element(let index, let path): path.keys + [Step(intValue: index)]
      }
    }
  }

  /// A step of a path.
  struct Step: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
    init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
  }
}

extension JSONValueDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .bool(let value) = value else { throw mismatch("true or false") }
    return value
  }

  func decode(_ type: String.Type) throws -> String {
    guard case .string(let value) = value else { throw mismatch("a string") }
    return value
  }

  func decode(_ type: Double.Type) throws -> Double {
    switch value {
    case .integer(let value): return Double(value)
    case .unsigned(let value): return Double(value)
    case .number(let value): return value
    case .null, .bool, .string, .array, .object: throw mismatch("a number")
    }
  }

  func decode(_ type: Float.Type) throws -> Float {
    let float = Float(try decode(Double.self))
    guard float.isFinite else { throw mismatch("a number of 32 bits") }
    return float
  }

  /// Whole numbers of every width; 3.0 is one.
  func decode<T: FixedWidthInteger & Decodable>(_ type: T.Type) throws -> T {
    let whole: T?
    switch value {
    case .integer(let value): whole = T(exactly: value)
    case .unsigned(let value): whole = T(exactly: value)
    case .number(let value): whole = T(exactly: value)
    case .null, .bool, .string, .array, .object: whole = nil
    }
    guard let whole else {
      throw mismatch(
        T.bitWidth == Int.bitWidth && T.isSigned
          ? "a whole number" : "a whole number from \(T.min) to \(T.max)")
    }
    return whole
  }

  func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }
}

/// The members of an object.
private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [String: JSONValue]
  let path: JSONValueDecoder.Path

  var codingPath: [any CodingKey] { path.keys }
  var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try superDecoder(forKey: key).value == .null }

  /// Every type: the standard library's read themselves from a single value.
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try T(from: superDecoder(forKey: key) as JSONValueDecoder)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try superDecoder(forKey: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try superDecoder(forKey: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    JSONValueDecoder(value: .object(members), path: path)
  }
  func superDecoder(forKey key: Key) throws -> any Decoder {
    try superDecoder(forKey: key) as JSONValueDecoder
  }

  private func superDecoder(forKey key: Key) throws -> JSONValueDecoder {
    guard let value = members[key.stringValue] else {
      throw JSONError(path: path.keys, message: "\"\(key.stringValue)\" is missing")
    }
    return JSONValueDecoder(value: value, path: .member(key.stringValue, of: path))
  }
}

/// The elements of an array, one after another.
private struct Elements: UnkeyedDecodingContainer {
  let elements: [JSONValue]
  let path: JSONValueDecoder.Path
  var currentIndex = 0

  var codingPath: [any CodingKey] { path.keys }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  mutating func decodeNil() -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: next()) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try next() }

  private mutating func next() throws -> JSONValueDecoder {
    guard !isAtEnd else {
      throw JSONError(path: path.keys, message: "has \(elements.count) elements, too few")
    }
    defer { currentIndex += 1 }
    return JSONValueDecoder(
      value: elements[currentIndex], path: .element(currentIndex, of: path))
  }
}
