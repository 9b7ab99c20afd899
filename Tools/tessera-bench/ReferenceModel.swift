internal import Foundation
internal import ModelGraph
internal import TesseraWire
internal import SeededRandom

/// The public reference models, with weights drawn from a seed: 50,000 items and 8 actions an event,
/// 32 numbers a user, 2,000 coupon ids and 16 numbers a coupon; a head of 256, 128 and 1 units.
enum ReferenceModel: String, CaseIterable {
  /// An LSTM of 128 units over rows of 64.
  case lstm128
  /// Two post-norm transformer layers of width 128 with 4 heads, feed-forward 512; the mean row.
  case tf128x2

  var description: ModelDescription { description(hiddenWidth: Self.hiddenWidth) }

  /// The hidden width that gives the models their names.
  static let hiddenWidth = 128

  /// Events of a user where the case does not vary them.
  var events: Int { self == .lstm128 ? 50 : 64 }

  /// The same model with another hidden width: the LSTM's units over the same rows of 64, or the
  /// transformer's width with a feed-forward part four times as wide.
  ///
  /// - Parameter hiddenWidth: 32 or more, a multiple of the 4 heads.
  func description(hiddenWidth: Int) -> ModelDescription {
    let width = self == .lstm128 ? 64 : hiddenWidth
    let profile = (0..<32).map { "profile\($0)" }
    let dense = (0..<16).map { "dense\($0)" }
    func id(_ name: String, _ axis: Axis, rows: Int) -> InputDescription {
      InputDescription(
        name: name, axis: axis, transform: .id(.hashedIntegers(buckets: rows - 1)))
    }
    func number(_ name: String, _ axis: Axis) -> InputDescription {
      InputDescription(name: name, axis: axis, transform: .number(.init()))
    }
    func node(_ name: String, _ inputs: [String], _ operation: ModelGraph.Operation)
      -> NodeDescription
    {
      NodeDescription(name: name, inputs: inputs, operation: operation)
    }
    let inputs =
      [id("item", .event, rows: 50_000), id("action", .event, rows: 8)]
      + profile.map { number($0, .user) } + [id("coupon", .coupon, rows: 2_000)]
      + dense.map { number($0, .coupon) }
    var nodes = [
      node("item_row", ["item"], .embedding(.init(table: "item_table", width: width - 16))),
      node("action_row", ["action"], .embedding(.init(table: "action_table", width: 16))),
      node("coupon_row", ["coupon"], .embedding(.init(table: "coupon_table", width: 32))),
      node("event", ["item_row", "action_row"], .concat),
    ]
    switch self {
    case .lstm128:
      nodes.append(node("history", ["event"], .lstm(.init(units: hiddenWidth, returns: .state))))
    case .tf128x2:
      nodes += [
        node(
          "encoder", ["event"],
          .transformer(
            .init(
              layers: 2, heads: 4, feedForward: 4 * hiddenWidth, norm: .post, positions: .learned,
              epsilon: 1e-5))),
        node("history", ["encoder"], .pool(.mean)),
      ]
    }
    nodes += [
      node("pair", ["history"] + profile + ["coupon_row"] + dense, .concat),
      node("h1", ["pair"], .linear(.init(units: 256, activation: .relu))),
      node("h2", ["h1"], .linear(.init(units: 128, activation: .relu))),
      node("logit", ["h2"], .linear(.init(units: 1))),
      node("score", ["logit"], .sigmoid),
    ]
    return ModelDescription(
      name: rawValue, limits: .init(events: 512, coupons: 256), inputs: inputs, nodes: nodes,
      outputs: ["score"])
  }

  func tensors(for graph: TypedGraph) -> [TensorData] {
    var random = SeededGenerator(seed: 1)
    return graph.requiredTensors.map { required in
      let scale = required.shape.count == 2 ? Float(required.shape[1]).squareRoot() : 1
      let isGain = required.name.hasSuffix("_gain")
      let values = (0..<required.shape.reduce(1, *)).map { _ in
        isGain ? 1 : required.shape.count == 1 ? 0 : random.nearlyNormal() / scale
      }
      return TensorData(name: required.name, shape: required.shape, storage: .float32(values))
    }
  }
}

extension ReferenceModel {
  /// Writes the model as an exporter would: `model.json` and `weights.safetensors`.
  func write(to folder: URL) throws {
    let graph = try TypedGraph(description)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(description.json()).write(to: folder.appending(path: "model.json"))
    try Data(SafetensorsFile.encode(tensors(for: graph)))
      .write(to: folder.appending(path: "weights.safetensors"))
  }
}
