/// Why a model description, its tensors or its file was refused.
///
/// The message says what is wrong and what to do; `place` says where (`node "h1"`,
/// `tensor "h1.weight"`, `nodes[3].units`).
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of a refusal; programs branch on it, people read the message.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code in words, stable across versions.
    public let description: String
    private init(_ description: String) { self.description = description }

    /// Not JSON, or JSON of another structure.
    public static let malformed = Code("malformed")
    /// A key that the format does not know.
    public static let unknownKey = Code("unknown key")
    /// An operation, activation, mode … that the format does not know.
    public static let unknownValue = Code("unknown value")
    /// An attribute that must be there is not, or has a value that it must not have.
    public static let attribute = Code("attribute")
    /// A name that is empty, too long, used twice, undefined or defined too late.
    public static let name = Code("name")
    /// Inputs of the wrong number, axis, type or width.
    public static let type = Code("type")
    /// An input or a node from which no output follows.
    public static let unused = Code("unused")
    /// A count over its limit.
    public static let limit = Code("limit")
    /// A tensor is missing, unused, of the wrong shape or holds a number that is not finite.
    public static let tensor = Code("tensor")
    /// The safetensors file is damaged.
    public static let file = Code("file")
  }

  /// The kind of refusal.
  public var code: Code
  /// Where: the input, node, tensor or JSON path.
  public var place: String
  /// What is wrong, and what to do.
  public var message: String

  /// A refusal.
  public init(_ code: Code, at place: String, _ message: String) {
    self.code = code
    self.place = place
    self.message = message
  }

  /// `place: message`, as shown to people.
  public var description: String { "\(place): \(message)" }
}

extension ModelError {
  /// Faults that were found together, as one refusal; `nil` when there are none.
  init?(joining faults: [ModelError]) {
    guard let first = faults.first else { return nil }
    guard faults.count > 1 else {
      self = first
      return
    }
    let shown = faults.prefix(ModelLimits.faultsShownMax).enumerated().map { "(\($0 + 1)) \($1)" }
    let more = faults.count - shown.count
    self.init(
      first.code, at: "\(faults.count) faults",
      shown.joined(separator: " ") + (more > 0 ? " and \(more) more" : ""))
  }
}
