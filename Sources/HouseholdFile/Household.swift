import Foundation

/// One household with its history and the coupons that it might get, in words for people and in columns
/// for a model: the content of a household file.
package struct Household: Hashable, Sendable {
  /// An event or a coupon.
  package struct Row: Hashable, Sendable {
    package var words: String
    package var columns: [String: FieldValue]

    package init(words: String, columns: [String: FieldValue]) {
      self.words = words
      self.columns = columns
    }
  }

  package var words: String
  /// Columns of the user axis.
  package var user: [String: FieldValue]
  /// Oldest first.
  package var events: [Row]
  package var coupons: [Row]

  package init(
    words: String, user: [String: FieldValue], events: [Row], coupons: [Row]
  ) {
    self.words = words
    self.user = user
    self.events = events
    self.coupons = coupons
  }

  /// Reads a household file:
  /// `{"words": …, "user": {COLUMN: VALUE, …}, "events": [{"words": …, "columns": {…}}, …], "coupons": […]}`.
  ///
  /// - Throws: ``HouseholdError`` that names the place in the file.
  package init(json: [UInt8]) throws(HouseholdError) {
    do {
      self = try JSONDecoder().decode(Household.self, from: Data(json))
    } catch let error as DecodingError {
      throw HouseholdError(error)
    } catch {
      throw HouseholdError("\(error)")
    }
  }
}

extension Household: Decodable {}
extension Household.Row: Decodable {}

/// One value of a column, as JSON has it.
package enum FieldValue: Hashable, Sendable, Decodable {
  /// Missing: a number only.
  case null
  case integer(Int64)
  case number(Double)
  case string(String)
  /// The members of a bag.
  case list([FieldValue])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([FieldValue].self) {
      self = .list(value)
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a value is a number, a text, a list or null")
    }
  }

  /// For messages.
  var words: String {
    switch self {
    case .null: "null"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .list(let values): "[\(values.map(\.words).joined(separator: ", "))]"
    }
  }
}

/// What is wrong with a household file, where, in one line.
package struct HouseholdError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// The place as people write it: `coupons[2].columns.price`.
  init(_ error: DecodingError) {
    let (context, problem): (DecodingError.Context, String)
    switch error {
    case .keyNotFound(let key, let found):
      (context, problem) = (found, "'\(key.stringValue)' is missing")
    case .typeMismatch(_, let found): (context, problem) = (found, "is not of the kind expected")
    case .valueNotFound(_, let found): (context, problem) = (found, "is null")
    case .dataCorrupted(let found):
      let isSyntax = found.codingPath.isEmpty
      (context, problem) = (found, isSyntax ? "is not JSON" : found.debugDescription)
    // Foundation may add cases.
    @unknown default: (context, problem) = (.init(codingPath: [], debugDescription: ""), "\(error)")
    }
    var place = ""
    for key in context.codingPath {
      if let index = key.intValue {
        place += "[\(index)]"
      } else {
        place += (place.isEmpty ? "" : ".") + key.stringValue
      }
    }
    self.init(place.isEmpty ? "the file: \(problem)" : "\(place): \(problem)")
  }
}
