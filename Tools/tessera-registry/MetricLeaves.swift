import ModelGraph

extension JSONValue {
  /// What stands in a value at the ends of its objects and arrays, each with the way to it, in the order of
  /// the names.
  var leaves: [(name: String, value: String)] { leaves(of: "") }

  private func leaves(of name: String) -> [(name: String, value: String)] {
    switch self {
    case .null: [(name, "null")]
    case .bool(let value): [(name, "\(value)")]
    case .integer(let value): [(name, "\(value)")]
    case .unsigned(let value): [(name, "\(value)")]
    case .number(let value): [(name, "\(value)")]
    case .string(let value): [(name, value)]
    case .array(let values):
      values.enumerated().flatMap { $1.leaves(of: "\(name)[\($0)]") }
    case .object(let members):
      members.sorted { $0.key < $1.key }
        .flatMap { $1.leaves(of: name.isEmpty ? $0 : "\(name).\($0)") }
    }
  }
}
