extension NodeDescription: Codable {
  /// Refuses an unknown operation and attributes that the operation does not have.
  public init(from decoder: any Decoder) throws {
    let object = try StrictObject(decoder)
    name = try object.required("name")
    inputs = try object.required("inputs")
    operation = try Operation(object)
  }

  /// Writes the operation with all its attributes.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: StrictObject.Key.self)
    try object.encode(name, forKey: .init("name"))
    try object.encode(operation.name, forKey: .init("op"))
    try object.encode(inputs, forKey: .init("inputs"))
    try operation.encodeAttributes(into: &object)
  }
}

/// `op` in `model.json`.
private enum OperationWord: String, CaseIterable {
  case embedding, concat, add, multiply, linear, lstm, transformer
  case layerNorm = "layer_norm"
  case pool, sigmoid

  var attributes: [String] {
    switch self {
    case .embedding: ["table", "width", "reduce"]
    case .concat, .add, .multiply, .sigmoid: []
    case .linear: ["units", "use_bias", "activation"]
    case .lstm: ["units", "layers", "bidirectional", "returns"]
    case .transformer:
      [
        "layers", "heads", "feed_forward", "norm", "causal", "activation", "positions", "epsilon",
      ]
    case .layerNorm: ["epsilon"]
    case .pool: ["mode"]
    }
  }
}

extension Operation {
  fileprivate init(_ object: StrictObject) throws {
    let word: OperationWord = try object.requiredWord("op")
    try object.allowOnly(
      ["name", "op", "inputs"] + word.attributes, for: "operation \"\(word.rawValue)\"")
    switch word {
    case .embedding:
      self = .embedding(
        Embedding(
          table: try object.required("table"), width: try object.required("width"),
          reduce: try object.word("reduce")))
    case .concat: self = .concat
    case .add: self = .add
    case .multiply: self = .multiply
    case .linear:
      self = .linear(
        Linear(
          units: try object.required("units"), useBias: try object.optional("use_bias") ?? true,
          activation: try object.word("activation") ?? .none))
    case .lstm:
      self = .lstm(
        LSTM(
          units: try object.required("units"), layers: try object.optional("layers") ?? 1,
          bidirectional: try object.optional("bidirectional") ?? false,
          returns: try object.requiredWord("returns")))
    case .transformer:
      self = .transformer(
        Transformer(
          layers: try object.required("layers"), heads: try object.required("heads"),
          feedForward: try object.required("feed_forward"),
          norm: try object.requiredWord("norm"), causal: try object.required("causal"),
          activation: try object.requiredWord("activation"),
          positions: try object.requiredWord("positions"), epsilon: try Self.epsilon(object)))
    case .layerNorm: self = .layerNorm(epsilon: try Self.epsilon(object))
    case .pool: self = .pool(try object.requiredWord("mode"))
    case .sigmoid: self = .sigmoid
    }
  }

  private static func epsilon(_ object: StrictObject) throws -> Float {
    guard let value = try object.float("epsilon") else {
      throw ModelError(
        .attribute, at: object.place,
        "\"epsilon\" is missing; write the one used in training (Keras 1e-3, PyTorch 1e-5)")
    }
    return value
  }

  fileprivate func encodeAttributes(
    into object: inout KeyedEncodingContainer<StrictObject.Key>
  ) throws {
    switch self {
    case .concat, .add, .multiply, .sigmoid: break
    case .embedding(let embedding):
      try object.encode(embedding.table, forKey: .init("table"))
      try object.encode(embedding.width, forKey: .init("width"))
      try object.encodeIfPresent(embedding.reduce?.rawValue, forKey: .init("reduce"))
    case .linear(let linear):
      try object.encode(linear.units, forKey: .init("units"))
      try object.encode(linear.useBias, forKey: .init("use_bias"))
      try object.encode(linear.activation.rawValue, forKey: .init("activation"))
    case .lstm(let lstm):
      try object.encode(lstm.units, forKey: .init("units"))
      try object.encode(lstm.layers, forKey: .init("layers"))
      try object.encode(lstm.bidirectional, forKey: .init("bidirectional"))
      try object.encode(lstm.returns.rawValue, forKey: .init("returns"))
    case .transformer(let transformer):
      try object.encode(transformer.layers, forKey: .init("layers"))
      try object.encode(transformer.heads, forKey: .init("heads"))
      try object.encode(transformer.feedForward, forKey: .init("feed_forward"))
      try object.encode(transformer.norm.rawValue, forKey: .init("norm"))
      try object.encode(transformer.causal, forKey: .init("causal"))
      try object.encode(transformer.activation.rawValue, forKey: .init("activation"))
      try object.encode(transformer.positions.rawValue, forKey: .init("positions"))
      try object.encode(transformer.epsilon, forKey: .init("epsilon"))
    case .layerNorm(let epsilon): try object.encode(epsilon, forKey: .init("epsilon"))
    case .pool(let mode): try object.encode(mode.rawValue, forKey: .init("mode"))
    }
  }
}
