internal import TesseraWire

extension Operation {
  /// Windows over the rows of each user, oldest first.
  public struct Windows: Hashable, Sendable {
    /// Rows of a window.
    public var size: Int
    /// Rows from the beginning of one window to that of the next.
    public var stride: Int
    /// Rows from one row of a window to the next.
    public var dilation: Int
    /// Which windows there are.
    public var padding: Padding
    /// All of them.
    public init(size: Int, stride: Int = 1, dilation: Int = 1, padding: Padding = .valid) {
      self.size = size
      self.stride = stride
      self.dilation = dilation
      self.padding = padding
    }
  }

  /// Which windows a user's rows have. What lies outside the rows counts as zero, or not at all.
  public enum Padding: String, Hashable, Sendable, CaseIterable {
    /// Those that lie within the rows.
    case valid
    /// One for each `stride` rows begun, with as much outside on both sides.
    case same
    /// One for each `stride` rows begun, the first of which ends with the oldest row.
    case causal
  }
}

extension Operation.Windows {
  /// Refuses counts out of range.
  func check(at place: String, size name: String) throws(ModelError) {
    let range = 1...ModelLimits.windowMax
    try checkCount(size, in: range, at: place, "\"\(name)\"")
    try checkCount(stride, in: range, at: place, "\"stride\"")
    try checkCount(dilation, in: range, at: place, "\"dilation\"")
  }

  /// What they make of a sequence.
  func sequence(of source: Int) -> TypedGraph.Sequence {
    switch padding {
    case .valid:
      TypedGraph.Sequence(source: source, span: (size - 1) * dilation + 1, stride: stride)
    // Padded, a window needs one row.
    case .same, .causal: TypedGraph.Sequence(source: source, span: 1, stride: stride)
    }
  }
}

/// An operation whose result has a row for each window over its input's rows.
protocol WindowedBody: OperationBody {
  var windows: Operation.Windows { get }
}

extension TypedGraph {
  /// Rows that each user has: the events of the request, or what windows make of another sequence.
  ///
  /// Sequences that are made of the same one in the same way are the same.
  public struct Sequence: Hashable, Sendable {
    /// The sequence that it is made of; nil for the events of the request.
    public let source: Int?
    /// Rows without which there is no window.
    let span: Int
    /// Rows from one window to the next.
    let stride: Int

    /// The events of the request: sequence 0.
    static let events = Sequence(source: nil, span: 1, stride: 1)
    /// Whether there are as many windows as rows.
    var keepsRows: Bool { span == 1 && stride == 1 }

    /// How many rows are made of so many of the source's: never more.
    public func rows(of count: Int) -> Int { count < span ? 0 : (count - span) / stride + 1 }
  }

  /// The sequence that a node reads; 0 where it reads none.
  package func sequenceRead(by node: Int) -> Int {
    for source in nodes[node].sources where edge(source).axis == .event {
      return edge(source).sequence
    }
    return 0
  }

  /// The rows of a sequence that so many events become.
  func rows(of sequence: Int, events: Int) -> Int {
    guard let source = sequences[sequence].source else { return events }
    return sequences[sequence].rows(of: rows(of: source, events: events))
  }
}

extension NodeInputs {
  /// The sequence of all inputs on the event axis; 0 where there are none.
  func commonSequence() throws(ModelError) -> Int {
    let onEvents = edges.indices.filter { edges[$0].axis == .event }
    guard let first = onEvents.first else { return 0 }
    for index in onEvents where edges[index].sequence != edges[first].sequence {
      throw ModelError(
        .type, at: place,
        "mixes \"\(node.inputs[first])\" and \"\(node.inputs[index])\", which have other rows for a "
          + "user's events (conv1d and pool1d make them, but for stride 1 with padding same or "
          + "causal); give both the same windows, or bring them to the user axis first")
    }
    return edges[first].sequence
  }
}
