/// What is wrong with a frame, and where: thrown by every decoder and encoder of this module.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The code that an ERROR frame would carry.
  public var code: ErrorCode
  /// The column's index in the signature, when one column is to blame.
  public var column: Int?
  /// The byte of the body at which the fault was noticed; nil for faults of the header.
  public var offset: Int?
  /// What was found and what was expected, for people.
  public var message: String

  /// An error with its place.
  public init(_ code: ErrorCode, column: Int? = nil, offset: Int? = nil, _ message: String) {
    self.code = code
    self.column = column
    self.offset = offset
    self.message = message
  }

  /// For example `BAD_VALUE (column 2, byte 41): the encoding 0x09 is unknown`.
  public var description: String {
    var place: [String] = []
    if let column { place.append("column \(column)") }
    if let offset { place.append("byte \(offset)") }
    let suffix = place.isEmpty ? "" : " (\(place.joined(separator: ", ")))"
    return "\(code.name)\(suffix): \(message)"
  }
}
