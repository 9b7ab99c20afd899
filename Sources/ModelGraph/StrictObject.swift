/// One JSON object whose every key must be known.
///
/// A misspelt attribute that is silently ignored would serve another model than the one trained, so
/// the first unknown key refuses the file and names the keys that are allowed.
struct StrictObject {
  let fields: KeyedDecodingContainer<Key>
  let place: String

  /// A key that is whatever the file says.
  struct Key: CodingKey, Hashable {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  init(_ decoder: any Decoder) throws {
    let path = JSONError.place(of: decoder.codingPath)
    place = path.isEmpty ? "model.json" : path
    fields = try decoder.container(keyedBy: Key.self)
  }

  /// Throws ``ModelError`` for the first key (in alphabetical order) that is not in `allowed`.
  func allowOnly(_ allowed: [String], for subject: String) throws {
    let unknown = fields.allKeys.map(\.stringValue).filter { !allowed.contains($0) }.min()
    guard let unknown else { return }
    throw ModelError(
      .unknownKey, at: place,
      "\(subject) has no \"\(unknown)\"; it knows \(allowed.joined(separator: ", "))")
  }

  func required<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value
  {
    guard let value: Value = try optional(name) else {
      throw ModelError(.attribute, at: place, "\"\(name)\" is missing; add it")
    }
    return value
  }

  func optional<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value?
  {
    try fields.decodeIfPresent(Value.self, forKey: Key(name))
  }

  /// A number that is finite in float32.
  func float(_ name: String) throws -> Float? {
    guard let value: Double = try optional(name) else { return nil }
    return try Self.finite(value, at: "\(place).\(name)")
  }

  static func finite(_ value: Double, at place: String) throws -> Float {
    let float = Float(value)
    guard float.isFinite else {
      throw ModelError(.attribute, at: place, "\(value) is too large for a float32")
    }
    return float
  }

  /// A word out of a closed list.
  func word<Word: RawRepresentable & CaseIterable>(_ name: String) throws -> Word?
  where Word.RawValue == String {
    let words = Array(Word.allCases)
    return try word(name, outOf: words.map(\.rawValue)).map { words[$0] }
  }

  func requiredWord<Word: RawRepresentable & CaseIterable>(_ name: String) throws -> Word
  where Word.RawValue == String {
    let words = Array(Word.allCases)
    return words[try requiredWord(name, outOf: words.map(\.rawValue))]
  }

  /// The place of the word in `known`.
  func requiredWord(_ name: String, outOf known: [String]) throws -> Int {
    guard let index = try word(name, outOf: known) else {
      throw ModelError(
        .attribute, at: place,
        "\"\(name)\" is missing; use one of \(known.joined(separator: ", "))")
    }
    return index
  }

  private func word(_ name: String, outOf known: [String]) throws -> Int? {
    guard let text: String = try optional(name) else { return nil }
    guard let index = known.firstIndex(of: text) else {
      throw ModelError(
        .unknownValue, at: "\(place).\(name)",
        "\"\(text)\" is not known; use one of \(known.joined(separator: ", "))")
    }
    return index
  }

  /// The epsilon of a normalisation; `usual` says what frameworks have where nobody chose.
  func epsilon(usual: String = "Keras 1e-3, PyTorch 1e-5") throws -> Float {
    guard let value = try float("epsilon") else {
      throw ModelError(
        .attribute, at: place,
        "\"epsilon\" is missing; write the one used in training (\(usual))")
    }
    return value
  }
}
