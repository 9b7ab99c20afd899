#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

extension ModelDescription {
  /// Reads `model.json`.
  ///
  /// Structure and words are checked here, what they mean together in ``TypedGraph``.
  /// - Complexity: linear in the bytes; about a second for a vocabulary of a million entries.
  public init(json bytes: [UInt8]) throws(ModelError) {
    guard bytes.count <= ModelLimits.jsonBytesMax else {
      throw ModelError(
        .limit, at: "model.json",
        "\(bytes.count) bytes are more than \(ModelLimits.jsonBytesMax); "
          + "use hash buckets in place of large vocabularies")
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    } catch let error as ModelError {
      throw error
    } catch let error as DecodingError {
      throw ModelError(decoding: error, file: "model.json")
    } catch {
      throw ModelError(.malformed, at: "model.json", "\(error)")
    }
  }

  /// The description as JSON with sorted keys: the same value gives the same bytes.
  public func json() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(self))
    } catch {
      // Only a number that is not finite cannot be encoded, and decoding refuses those.
      preconditionFailure("a model description with a number that is not finite: \(error)")
    }
  }
}

extension ModelError {
  /// Foundation's words about malformed JSON, with the place in front.
  init(decoding error: DecodingError, file: String) {
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .typeMismatch(let type, let context): (context, "is not \(Self.words(for: type))")
      case .valueNotFound(let type, let context): (context, "is null, not \(Self.words(for: type))")
      case .keyNotFound(let key, let context): (context, "\"\(key.stringValue)\" is missing")
      case .dataCorrupted(let context): (context, context.debugDescription)
      // Foundation may add cases.
      @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "\(error)")
      }
    let place = context.codingPath.isEmpty ? file : StrictObject.path(context.codingPath)
    self.init(.malformed, at: place, what)
  }

  private static func words(for type: any Any.Type) -> String {
    switch type {
    case is Int.Type, is Int64.Type: "a whole number"
    case is Double.Type, is Float.Type: "a number"
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is [Any].Type: "an array"
    // Types are an open set: the other ones that are decoded are arrays and objects.
    default: "\(type)".hasPrefix("Array") ? "an array" : "an object"
    }
  }
}

extension ModelDescription: Codable {
  /// Refuses unknown keys, unknown words and missing attributes with a ``ModelError``.
  public init(from decoder: any Decoder) throws {
    let object = try StrictObject(decoder)
    try object.allowOnly(
      ["format", "name", "limits", "inputs", "nodes", "outputs"], for: "a model description")
    let format: Int = try object.required("format")
    guard format == Self.formatVersion else {
      throw ModelError(
        .unknownValue, at: "format",
        "version \(format) is not known, only \(Self.formatVersion); "
          + "export again with a matching exporter")
    }
    name = try object.required("name")
    limits = try object.required("limits")
    inputs = try object.required("inputs")
    nodes = try object.required("nodes")
    outputs = try object.required("outputs")
  }

  /// Writes every attribute that has no default or differs from it.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: StrictObject.Key.self)
    try object.encode(Self.formatVersion, forKey: .init("format"))
    try object.encode(name, forKey: .init("name"))
    try object.encode(limits, forKey: .init("limits"))
    try object.encode(inputs, forKey: .init("inputs"))
    try object.encode(nodes, forKey: .init("nodes"))
    try object.encode(outputs, forKey: .init("outputs"))
  }
}

extension ModelDescription.Rows: Codable {
  /// Both keys are required.
  public init(from decoder: any Decoder) throws {
    let object = try StrictObject(decoder)
    try object.allowOnly(["events", "coupons"], for: "\"limits\"")
    events = try object.required("events")
    coupons = try object.required("coupons")
  }

  /// Both limits.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: StrictObject.Key.self)
    try object.encode(events, forKey: .init("events"))
    try object.encode(coupons, forKey: .init("coupons"))
  }
}
