extension NodeDescription: Codable {
  /// Refuses an unknown operation and attributes that the operation does not have.
  public init(from decoder: any Decoder) throws {
    let object = try StrictObject(decoder)
    name = try object.required("name")
    inputs = try object.required("inputs")
    let known = Operation.bodies
    let index = try object.requiredWord("op", outOf: known.map { $0.word })
    let body = known[index]
    try object.allowOnly(
      ["name", "op", "inputs"] + body.attributes, for: "operation \"\(body.word)\"")
    operation = try body.init(object).operation
  }

  /// Writes the operation with all its attributes.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: StrictObject.Key.self)
    try object.encode(name, forKey: .init("name"))
    try object.encode(operation.name, forKey: .init("op"))
    try object.encode(inputs, forKey: .init("inputs"))
    try operation.body.encodeAttributes(into: &object)
  }
}
