internal import TesseraWire

extension InputDescription: Codable {
  /// Refuses keys that the column's kind does not have.
  public init(from decoder: any Decoder) throws {
    let object = try StrictObject(decoder)
    let kind: InputKind = try object.requiredWord("kind")
    name = try object.required("name")
    axis = try Self.axis(of: object)
    switch kind {
    case .id: transform = .id(try IDSource(object, subject: "an id input"))
    case .bag: transform = .bag(try IDSource(object, subject: "a bag input"))
    case .number: transform = try Self.number(object)
    case .vector:
      try object.allowOnly(["name", "axis", "kind", "width"], for: "a vector input")
      transform = .vector(width: try object.required("width"))
    }
  }

  private static func axis(of object: StrictObject) throws -> Axis {
    let axes = Axis.allCases
    return axes[try object.requiredWord("axis", outOf: axes.map(\.name))]
  }

  private static func number(_ object: StrictObject) throws -> Transform {
    let missing = try object.float("missing") ?? 0
    let log1p = try object.optional("log1p") ?? false
    if let boundaries: [Double] = try object.optional("boundaries") {
      try object.allowOnly(
        ["name", "axis", "kind", "missing", "log1p", "boundaries"],
        for: "a number input with boundaries")
      let place = "\(object.place).boundaries"
      return .buckets(
        BucketTransform(
          missing: missing, log1p: log1p,
          boundaries: try boundaries.map { try StrictObject.finite($0, at: place) }))
    }
    try object.allowOnly(
      ["name", "axis", "kind", "missing", "log1p", "clip", "mean", "deviation", "boundaries"],
      for: "a number input")
    var clip: ClosedRange<Float>?
    if let ends: [Double] = try object.optional("clip") {
      let place = "\(object.place).clip"
      guard ends.count == 2, ends[0] <= ends[1] else {
        throw ModelError(.attribute, at: place, "must be [lowest, highest] with lowest ≤ highest")
      }
      clip = try StrictObject.finite(ends[0], at: place)...StrictObject.finite(ends[1], at: place)
    }
    return .number(
      NumberTransform(
        missing: missing, log1p: log1p, clip: clip, mean: try object.float("mean") ?? 0,
        deviation: try object.float("deviation") ?? 1))
  }

  /// Writes the column's kind and what differs from the defaults.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: StrictObject.Key.self)
    try object.encode(name, forKey: .init("name"))
    try object.encode(axis.name, forKey: .init("axis"))
    switch transform {
    case .id(let source):
      try object.encode(InputKind.id.rawValue, forKey: .init("kind"))
      try source.encode(into: &object)
    case .bag(let source):
      try object.encode(InputKind.bag.rawValue, forKey: .init("kind"))
      try source.encode(into: &object)
    case .number(let number):
      try object.encode(InputKind.number.rawValue, forKey: .init("kind"))
      if number.missing != 0 { try object.encode(number.missing, forKey: .init("missing")) }
      if number.log1p { try object.encode(true, forKey: .init("log1p")) }
      if let clip = number.clip {
        try object.encode([clip.lowerBound, clip.upperBound], forKey: .init("clip"))
      }
      if number.mean != 0 { try object.encode(number.mean, forKey: .init("mean")) }
      if number.deviation != 1 { try object.encode(number.deviation, forKey: .init("deviation")) }
    case .buckets(let buckets):
      try object.encode(InputKind.number.rawValue, forKey: .init("kind"))
      if buckets.missing != 0 { try object.encode(buckets.missing, forKey: .init("missing")) }
      if buckets.log1p { try object.encode(true, forKey: .init("log1p")) }
      try object.encode(buckets.boundaries, forKey: .init("boundaries"))
    case .vector(let width):
      try object.encode(InputKind.vector.rawValue, forKey: .init("kind"))
      try object.encode(width, forKey: .init("width"))
    }
  }
}

/// `kind` in `model.json`.
private enum InputKind: String, CaseIterable { case id, bag, number, vector }
/// `values` in `model.json`.
private enum ValuesWord: String, CaseIterable { case integer, string }

extension IDSource {
  fileprivate init(_ object: StrictObject, subject: String) throws {
    try object.allowOnly(
      ["name", "axis", "kind", "values", "vocabulary", "hash_buckets", "rows"], for: subject)
    let values: ValuesWord = try object.requiredWord("values")
    let ways = ["vocabulary", "hash_buckets", "rows"].filter {
      object.fields.contains(.init($0))
    }
    switch (ways, values) {
    case (["vocabulary"], .string): self = .strings(try object.required("vocabulary"))
    case (["vocabulary"], .integer): self = .integers(try object.required("vocabulary"))
    case (["hash_buckets"], .string):
      self = .hashedStrings(buckets: try object.required("hash_buckets"))
    case (["hash_buckets"], .integer):
      self = .hashedIntegers(buckets: try object.required("hash_buckets"))
    case (["rows"], .integer): self = .dense(rows: try object.required("rows"))
    case (["rows"], .string):
      throw ModelError(
        .attribute, at: object.place,
        "\(subject) of strings has \"rows\", which are for integers that are rows themselves; give it a "
          + "\"vocabulary\" or \"hash_buckets\"")
    // None of them, or several.
    case (_, .string), (_, .integer):
      throw ModelError(
        .attribute, at: object.place,
        "\(subject) has either \"vocabulary\", \"hash_buckets\" or \"rows\", exactly one of them")
    }
  }

  fileprivate func encode(into object: inout KeyedEncodingContainer<StrictObject.Key>) throws {
    let word: ValuesWord = isString ? .string : .integer
    try object.encode(word.rawValue, forKey: .init("values"))
    switch self {
    case .strings(let values): try object.encode(values, forKey: .init("vocabulary"))
    case .integers(let values): try object.encode(values, forKey: .init("vocabulary"))
    case .hashedStrings(let buckets), .hashedIntegers(let buckets):
      try object.encode(buckets, forKey: .init("hash_buckets"))
    case .dense(let rows): try object.encode(rows, forKey: .init("rows"))
    }
  }
}
