internal import TesseraWire

/// A count that must lie in a range.
func checkCount(
  _ count: Int, in range: ClosedRange<Int>, at place: String, _ what: String
) throws(ModelError) {
  guard range.contains(count) else {
    throw ModelError(
      count > range.upperBound ? .limit : .attribute, at: place,
      "\(what) is \(count); it must be from \(range.lowerBound) to \(range.upperBound)")
  }
}

/// A name of 1…64 bytes of letters, digits and `_ - / :`, which no file format or shell misreads.
/// Dots separate a node's name from its tensors' roles, so only inputs and tables may have them.
func checkName(_ name: String, at place: String, allowDots: Bool) throws(ModelError) {
  let count = name.utf8.count
  guard 1...ModelLimits.nameBytesMax ~= count else {
    throw ModelError(
      .name, at: place,
      "the name has \(count) bytes; it must have 1 to \(ModelLimits.nameBytesMax)")
  }
  for byte in name.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "/"), UInt8(ascii: ":"):
      continue
    case UInt8(ascii: ".") where allowDots:
      continue
    // Every other byte.
    default:
      throw ModelError(
        .name, at: place,
        "the name \"\(name)\" may hold letters, digits and _ - / :"
          + (allowDots ? " and ." : ", no dots") + " only")
    }
  }
}

extension ModelDescription {
  /// Everything that can be said without typing a node.
  func checkCounts() throws(ModelError) {
    try checkName(name, at: "name", allowDots: true)
    try checkCount(limits.events, in: 1...ModelLimits.eventsMax, at: "limits.events", "the limit")
    try checkCount(
      limits.coupons, in: 0...ModelLimits.couponsMax, at: "limits.coupons", "the limit")
    try checkCount(
      inputs.count, in: 1...ModelLimits.inputsMax, at: "inputs", "the number of inputs")
    try checkCount(nodes.count, in: 1...ModelLimits.nodesMax, at: "nodes", "the number of nodes")
    try checkCount(
      outputs.count, in: 1...ModelLimits.outputsMax, at: "outputs", "the number of outputs")
  }
}

extension ModelDescription {
  /// Requests carry coupons exactly where something is read or answered for each of them.
  func checkCouponLimit() throws(ModelError) {
    let hasCoupons = inputs.contains { $0.axis == .coupon }
    guard hasCoupons == (limits.coupons > 0) else {
      throw ModelError(
        .attribute, at: "limits.coupons",
        hasCoupons
          ? "the limit is 0, but there are inputs on the coupon axis; say how many coupons a user has"
          : "the limit is \(limits.coupons), but no input is on the coupon axis; write 0")
    }
  }
}

extension InputDescription {
  /// What the column carries into the graph.
  var edge: TypedGraph.Edge {
    switch transform {
    case .number: TypedGraph.Edge(axis: axis, type: .vector(width: 1))
    case .id(let source): TypedGraph.Edge(axis: axis, type: .id(rows: source.tableRows))
    case .bag(let source): TypedGraph.Edge(axis: axis, type: .bag(rows: source.tableRows))
    case .buckets(let buckets):
      TypedGraph.Edge(axis: axis, type: .id(rows: buckets.boundaries.count + 1))
    case .vector(let width): TypedGraph.Edge(axis: axis, type: .vector(width: width))
    }
  }

  /// Name, vocabulary and numbers.
  func check(index: Int) throws(ModelError) {
    try checkName(name, at: "inputs[\(index)].name", allowDots: true)
    let place = "input \"\(name)\""
    switch transform {
    case .id(let source), .bag(let source): try source.check(at: place)
    case .number(let number): try number.check(at: place)
    case .buckets(let buckets): try buckets.check(at: place)
    case .vector(let width):
      try checkCount(width, in: 1...ModelLimits.vectorWidthMax, at: place, "\"width\"")
    }
  }
}

extension IDSource {
  func check(at place: String) throws(ModelError) {
    func check(_ count: Int, _ what: String) throws(ModelError) {
      try checkCount(count, in: 1...ModelLimits.tableRowsMax, at: place, what)
    }
    switch self {
    case .strings(let values):
      try check(values.count, "the number of vocabulary entries")
      var seen = Set<String.UTF8View.Key>(minimumCapacity: values.count)
      for value in values {
        guard value.utf8.count <= ModelLimits.vocabularyEntryBytesMax else {
          throw ModelError(
            .limit, at: place,
            "the vocabulary entry \"\(value.prefix(40))…\" has \(value.utf8.count) bytes; requests "
              + "carry at most \(ModelLimits.vocabularyEntryBytesMax)")
        }
        guard seen.insert(value.utf8.key).inserted else {
          throw ModelError(.attribute, at: place, "the vocabulary holds \"\(value)\" twice")
        }
      }
    case .integers(let values):
      try check(values.count, "the number of vocabulary entries")
      var seen = Set<Int64>(minimumCapacity: values.count)
      for value in values where !seen.insert(value).inserted {
        throw ModelError(.attribute, at: place, "the vocabulary holds \(value) twice")
      }
    case .hashedStrings(let buckets), .hashedIntegers(let buckets):
      try check(buckets, "the number of hash buckets")
    case .dense(let rows): try check(rows, "\"rows\"")
    }
  }
}

extension String.UTF8View {
  /// Strings are looked up by their bytes, so they are the same only when their bytes are
  /// (Swift's `==` would also hold two spellings of é for equal).
  struct Key: Hashable {
    let bytes: [UInt8]

    /// All bytes at once: one after another would be most of the time of reading a large vocabulary.
    func hash(into hasher: inout Hasher) {
      // Bytes have no padding, and are only read.
      unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
  }
  var key: Key { Key(bytes: Array(self)) }
}

extension NumberTransform {
  func check(at place: String) throws(ModelError) {
    guard missing.isFinite, mean.isFinite, deviation.isFinite,
      clip.map({ $0.lowerBound.isFinite && $0.upperBound.isFinite }) ?? true
    else {
      throw ModelError(.attribute, at: place, "missing, clip, mean and deviation must be finite")
    }
    guard deviation > 0, deviation.isNormal else {
      throw ModelError(
        .attribute, at: place,
        "deviation is \(deviation); numbers are divided by it, so it must be above 0 (use 1 for a "
          + "column that never varies)")
    }
  }
}

extension BucketTransform {
  func check(at place: String) throws(ModelError) {
    try checkCount(
      boundaries.count, in: 1...ModelLimits.boundariesMax, at: place, "the number of boundaries")
    guard missing.isFinite, boundaries.allSatisfy(\.isFinite) else {
      throw ModelError(.attribute, at: place, "missing and boundaries must be finite")
    }
    for (lower, upper) in zip(boundaries, boundaries.dropFirst()) where lower >= upper {
      throw ModelError(
        .attribute, at: place,
        "boundaries must ascend strictly (in float32), but \(lower) stands before \(upper)")
    }
  }
}
