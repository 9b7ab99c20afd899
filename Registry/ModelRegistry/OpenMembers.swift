// Records that a later release may add members to: what is not known is kept, and written back.

import ModelGraph

/// Any key of a JSON object.
struct MemberKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The members of the object that are not among these.
  func members(except known: [any CodingKey]) throws -> [String: JSONValue] {
    let container = try container(keyedBy: MemberKey.self)
    let names = Set(known.map(\.stringValue))
    var members: [String: JSONValue] = [:]
    for key in container.allKeys where !names.contains(key.stringValue) {
      members[key.stringValue] = try container.decode(JSONValue.self, forKey: key)
    }
    return members
  }
}

extension Encoder {
  /// Writes members beside those that were written.
  func encode(members: [String: JSONValue]) throws {
    var container = container(keyedBy: MemberKey.self)
    for (name, value) in members {
      try container.encode(value, forKey: MemberKey(stringValue: name))
    }
  }
}
