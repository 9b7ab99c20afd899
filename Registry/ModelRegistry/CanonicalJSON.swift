// Records and manifests are JSON with sorted keys and no white space: the same value gives the same
// bytes, so a manifest's digest can be computed again.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

package enum CanonicalJSON {
  package static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value))
    } catch {
      // Only a number that is not finite cannot be encoded; none is in a record.
      preconditionFailure("a record with a number that is not finite: \(error)")
    }
  }

  /// - Parameters:
  ///   - place: what is being read, for the message.
  package static func decode<T: Decodable>(
    _ type: T.Type, from bytes: [UInt8], at place: String, code: RegistryError.Code = .damaged
  ) throws(RegistryError) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      let (path, what): ([any CodingKey], String) =
        switch error {
        case .typeMismatch(_, let context): (context.codingPath, "is of another type than expected")
        case .valueNotFound(_, let context): (context.codingPath, "is null")
        case .keyNotFound(let key, let context):
          (context.codingPath, "\"\(key.stringValue)\" is missing")
        case .dataCorrupted(let context): (context.codingPath, context.debugDescription)
        // Foundation may add cases.
        @unknown default: ([], "is not what the format says")
        }
      let key = path.map(\.stringValue).joined(separator: ".")
      throw RegistryError(code, at: place, key.isEmpty ? what : "\(key): \(what)")
    } catch {
      throw RegistryError(code, at: place, "is not JSON: \(error)")
    }
  }

  /// RFC 3339 in UTC with milliseconds: sorts as text, reads as a time.
  static func timestamp(_ date: Date) -> String {
    Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(date)
  }
}
