#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

extension ModelDescription {
  /// Reads `model.json`.
  ///
  /// Structure and words are checked here, what they mean together in ``TypedGraph``.
  /// - Complexity: linear in the bytes.
  public init(json bytes: [UInt8]) throws(ModelError) {
    guard bytes.count <= ModelLimits.jsonBytesMax else {
      throw ModelError(
        .limit, at: "model.json",
        "\(bytes.count) bytes are more than \(ModelLimits.jsonBytesMax); "
          + "use hash buckets in place of large vocabularies")
    }
    do {
      self = try StrictJSON.decode(Self.self, from: bytes)
    } catch let error as ModelError {
      throw error
    } catch let error as JSONError {
      throw ModelError(
        .malformed, at: error.place.isEmpty ? "model.json" : error.place, error.reason)
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
