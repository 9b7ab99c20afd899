/// A kind of object that a registry keeps. An open set: what a reader does not know it shows by its name
/// and leaves alone. (The wire protocol numbers the kinds that can be bound.)
public struct RegistryKind: Hashable, Sendable, CustomStringConvertible {
  /// As it stands in keys: a name like those of objects.
  public let description: String

  /// A kind by its name.
  public init(_ description: String) { self.description = description }

  /// A model: `Registry/MODEL.md`.
  public static let model = RegistryKind("model")
}

/// A kind and a name of it, both checked.
struct ObjectName: Hashable, Sendable {
  let kind: Name
  let name: Name

  init(kind: String, name: String) throws(RegistryError) {
    self.kind = try Name(kind, of: "kind")
    self.name = try Name(name, of: kind)
  }

  init(model name: String) throws(RegistryError) {
    try self.init(kind: RegistryKind.model.description, name: name)
  }

  var isModel: Bool { kind.text == RegistryKind.model.description }

  /// The name alone for a model, with the kind in front for others.
  var words: String { isModel ? name.text : "\(kind.text) \(name.text)" }
}
