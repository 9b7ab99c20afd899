// The one way in which JSON is read here: model.json, metrics.json, headers of safetensors, manifests and
// records. All of it was written by somebody else.

/// Why a text was refused: what is wrong, under which path, in which line and column.
package struct JSONError: Error, CustomStringConvertible {
  let path: [any CodingKey]
  let message: String
  /// Line and column, counted from 1; columns are characters.
  var position: (line: Int, column: Int)?

  init(path: [any CodingKey], message: String) {
    (self.path, self.message) = (path, message)
  }

  /// `nodes[3].units`; empty for the text as a whole.
  package var place: String { JSONError.place(of: path) }

  /// What is wrong, and in which line and column.
  package var reason: String {
    guard let (line, column) = position else { return message }
    return "\(message) (line \(line), column \(column))"
  }

  /// Place and reason.
  package var description: String { place.isEmpty ? reason : "\(place): \(reason)" }

  static func place(of path: [any CodingKey]) -> String {
    path.reduce("") { text, key in
      if let index = key.intValue { return text + "[\(index)]" }
      return text + (text.isEmpty ? "" : ".") + key.stringValue
    }
  }

  mutating func locate(at offset: Int, in bytes: [UInt8]) {
    let before = bytes[..<offset]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    // Bytes that go on with a character begin with the bits 10.
    let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
    position = (line, column)
  }
}

package enum StrictJSON {
  /// Reads a value of a type.
  ///
  /// - Throws: ``JSONError`` with the place for what is no JSON, for a key that stands twice, for what is over
  ///   the limits of nesting and counts, and for a value of another type; what `type` throws itself.
  /// - Complexity: linear in the bytes.
  package static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    let value: JSONValue
    do throws(JSONParser.Fault) {
      value = try JSONParser.parse(bytes)
    } catch {
      var located = JSONError(path: [], message: error.message)
      located.locate(at: error.offset, in: bytes)
      throw located
    }
    var refusal: JSONError
    do {
      return try T(from: JSONValueDecoder(value: value, path: .root))
    } catch let error as JSONError {
      refusal = error
    } catch DecodingError.dataCorrupted(let context) {
      refusal = JSONError(path: context.codingPath, message: context.debugDescription)
    }
    if let offset = JSONParser.offset(of: refusal.path, in: bytes) {
      refusal.locate(at: offset, in: bytes)
    }
    throw refusal
  }
}
