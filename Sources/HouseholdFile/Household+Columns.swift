package import TesseraWire

extension Household {
  /// The columns that a signature names, ready to be sent.
  ///
  /// A column that the signature does not name is refused: in a file written by hand it is likely a slip.
  ///
  /// - Throws: ``HouseholdError`` that names the place and the column.
  package func columns(for signature: Signature) throws(HouseholdError) -> [String: ColumnValues] {
    guard !coupons.isEmpty || !signature.uses(.coupon) else {
      throw HouseholdError("coupons: there is none to score")
    }
    try refuseUnknown(user, .user, "user", signature)
    for (index, event) in events.enumerated() {
      try refuseUnknown(event.columns, .event, "events[\(index)]", signature)
    }
    for (index, coupon) in coupons.enumerated() {
      try refuseUnknown(coupon.columns, .coupon, "coupons[\(index)]", signature)
    }
    var columns: [String: ColumnValues] = [:]
    for column in signature.columns {
      var cells: [Cell] = []
      switch column.axis {
      case .user: cells.append(try cell(user, "user", column))
      case .event:
        for (index, event) in events.enumerated() {
          cells.append(try cell(event.columns, "events[\(index)]", column))
        }
      case .coupon:
        for (index, coupon) in coupons.enumerated() {
          cells.append(try cell(coupon.columns, "coupons[\(index)]", column))
        }
      }
      columns[column.name] = try values(cells, of: column)
    }
    return columns
  }

  private func refuseUnknown(
    _ row: [String: FieldValue], _ axis: Axis, _ place: String, _ signature: Signature
  ) throws(HouseholdError) {
    let known = signature.columns.filter { $0.axis == axis }.map(\.name)
    guard let name = row.keys.sorted().first(where: { !known.contains($0) }) else { return }
    let others = known.isEmpty ? "no column there" : known.sorted().joined(separator: ", ")
    throw HouseholdError("\(place): the model does not read '\(name)'; it reads \(others)")
  }

  private func cell(
    _ row: [String: FieldValue], _ place: String, _ column: Column
  ) throws(HouseholdError) -> Cell {
    guard let value = row[column.name] else {
      throw HouseholdError(
        "\(place): '\(column.name)' is missing, which the model reads (\(column.kind.words))")
    }
    return Cell(value: value, place: "\(place).\(column.name)", expected: column.kind.words)
  }

  private func values(
    _ cells: [Cell], of column: Column
  ) throws(HouseholdError) -> ColumnValues {
    switch column.kind {
    case .integer: .integers(try map(cells) { cell throws(HouseholdError) in try cell.integer() })
    case .string: .strings(try map(cells) { cell throws(HouseholdError) in try cell.string() })
    case .number: .numbers(try map(cells) { cell throws(HouseholdError) in try cell.number() })
    case .integerBag:
      .integerBags(
        try map(cells) { cell throws(HouseholdError) in
          try map(cell.members()) { member throws(HouseholdError) in try member.integer() }
        })
    case .stringBag:
      .stringBags(
        try map(cells) { cell throws(HouseholdError) in
          try map(cell.members()) { member throws(HouseholdError) in try member.string() }
        })
    case .text: .texts(try map(cells) { cell throws(HouseholdError) in try cell.string() })
    case .vector:
      .vectors(
        width: column.width,
        try map(cells) { cell throws(HouseholdError) in
          try map(cell.members()) { member throws(HouseholdError) in try member.number() }
        }.flatMap(\.self))
    }
  }

  private func map<Value>(
    _ cells: [Cell], _ convert: (Cell) throws(HouseholdError) -> Value
  ) throws(HouseholdError) -> [Value] {
    try cells.map(convert)
  }
}

/// A value and its place in the file.
private struct Cell {
  var value: FieldValue
  var place: String
  var expected: String

  func integer() throws(HouseholdError) -> Int64 {
    guard case .integer(let value) = value else { throw mismatch }
    return value
  }

  func string() throws(HouseholdError) -> String {
    guard case .string(let value) = value else { throw mismatch }
    return value
  }

  /// Null is a missing number.
  func number() throws(HouseholdError) -> Float {
    switch value {
    case .null: .nan
    case .integer(let value): Float(value)
    case .number(let value): Float(value)
    case .string, .list: throw mismatch
    }
  }

  func members() throws(HouseholdError) -> [Cell] {
    guard case .list(let values) = value else { throw mismatch }
    return values.enumerated().map { index, member in
      Cell(value: member, place: "\(place)[\(index)]", expected: expected)
    }
  }

  private var mismatch: HouseholdError {
    HouseholdError("\(place) is \(value.words); the model reads \(expected)")
  }
}

extension ColumnKind {
  /// What a file must hold.
  fileprivate var words: String {
    switch self {
    case .integer: "a whole number"
    case .string: "a text"
    case .number: "a number, or null where it is missing"
    case .integerBag: "a list of whole numbers"
    case .stringBag: "a list of texts"
    case .vector: "a list of numbers"
    case .text: "a text"
    }
  }
}
