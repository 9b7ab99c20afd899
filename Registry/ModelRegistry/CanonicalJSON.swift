// Records and manifests are JSON with sorted keys and no white space: the same value gives the same
// bytes, so a manifest's digest can be computed again.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import ModelGraph

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
      return try StrictJSON.decode(type, from: bytes)
    } catch {
      throw RegistryError(code, at: place, "\(error)")
    }
  }

  /// RFC 3339 in UTC with milliseconds: sorts as text, reads as a time.
  static func timestamp(_ date: Date) -> String {
    Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(date)
  }
}
