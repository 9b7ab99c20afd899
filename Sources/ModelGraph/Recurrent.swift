internal import TesseraWire

extension Operation {
  /// What leaves a recurrent node.
  public enum Returned: String, Hashable, Sendable, CaseIterable {
    /// The hidden state after each event: event axis.
    case sequence
    /// The last hidden state: user axis.
    case state
  }

  /// A reading direction. Raw values are those of the tensors' names.
  package enum Direction: String { case forward, backward }
}

/// A stack of recurrent layers over each user's events: what LSTM, GRU and RNN have in common.
package protocol Recurrent {
  /// Width of the state.
  var units: Int { get }
  /// Stacked layers.
  var layers: Int { get }
  /// Whether a second layer beside each reads from the newest event to the oldest.
  var bidirectional: Bool { get }
  /// What leaves the node.
  var returns: Operation.Returned { get }
  /// Blocks of `units` rows in the weights of a layer.
  var gates: Int { get }
}

extension Recurrent {
  /// The directions of each layer, in the order of their columns in its result.
  package var directions: [Operation.Direction] {
    bidirectional ? [.forward, .backward] : [.forward]
  }

  /// What all of them write into `model.json`.
  func encodeCommonAttributes(
    into object: inout KeyedEncodingContainer<StrictObject.Key>
  ) throws {
    try object.encode(units, forKey: .init("units"))
    try object.encode(layers, forKey: .init("layers"))
    try object.encode(bidirectional, forKey: .init("bidirectional"))
    try object.encode(returns.rawValue, forKey: .init("returns"))
  }

  /// Checks counts and input.
  func recurrentResult(of inputs: NodeInputs) throws(ModelError) -> (axis: Axis, width: Int) {
    _ = try inputs.width(0)
    try checkCount(units, in: 1...ModelLimits.recurrentUnitsMax, at: inputs.place, "\"units\"")
    try checkCount(layers, in: 1...ModelLimits.layersMax, at: inputs.place, "\"layers\"")
    try inputs.checkOnEvents()
    return (returns == .sequence ? .event : .user, units * directions.count)
  }

  /// Those that `cell` names for each layer and direction, by the prefix of their names and the width of the
  /// layer's input.
  func tensorsOfLayers(
    _ inputs: NodeInputs, _ cell: (_ prefix: String, _ width: Int) -> [NeededTensor]
  ) throws(ModelError) -> [NeededTensor] {
    var tensors: [NeededTensor] = []
    var width = try inputs.width(0)
    for layer in 0..<layers {
      for direction in directions {
        tensors += cell("\(inputs.node.name).\(layer).\(direction.rawValue).", width)
      }
      width = units * directions.count
    }
    return tensors
  }

  /// T × gates · u × (in + u) for each layer and direction.
  func recurrentProducts(_ read: ReadColumns) -> Int {
    let upperWidths = (layers - 1) * directions.count * units
    let columns = read.width + upperWidths + layers * units
    return directions.count * read.rows[.event] * gates * units * columns
  }
}
