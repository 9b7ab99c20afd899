package import TesseraWire

/// SCORE bodies that fit one signature, ready to be sent again and again.
package struct RequestBodies: Sendable {
  /// One body, and what its reply must look like.
  struct Body {
    var bytes: Range<Int>
    var deadlineMicroseconds: UInt32
    var users: UInt16
    var coupons: UInt32
    var numbers: UInt32
  }

  let signature: Signature
  let signatureHash: UInt64
  let bytes: [UInt8]
  let bodies: [Body]

  package var count: Int { bodies.count }

  /// Checks bodies that are there already.
  ///
  /// - Throws: the first one that does not fit the signature, with its number.
  init(
    bytes: [UInt8], ranges: [Range<Int>], signature: Signature, limits: FrameLimits
  ) throws(LoadError) {
    var layout = ScoreLayout()
    var bodies: [Body] = []
    for (index, range) in ranges.enumerated() {
      do {
        // Integers have no padding that `bytes` could expose.
        try unsafe layout.decode(
          bytes.span.bytes.extracting(range), signature: signature, limits: limits)
      } catch {
        let column = error.column.map { ", column '\(signature.columns[$0].name)'" } ?? ""
        throw LoadError(
          "request \(index)\(column) does not fit what the server's model reads: \(error)")
      }
      bodies.append(
        Body(
          bytes: range, deadlineMicroseconds: UInt32(layout.deadlineMicroseconds),
          users: UInt16(layout.users), coupons: UInt32(layout.couponRows),
          numbers: UInt32(layout.answerNumbers)))
    }
    guard !bodies.isEmpty else { throw LoadError("there is no request to send") }
    self.signature = signature
    signatureHash = signature.hash
    self.bytes = bytes
    self.bodies = bodies
  }

  /// Encodes requests, and checks them as a server would.
  init(
    _ requests: [ScoreBody], signature: Signature, limits: FrameLimits
  ) throws(LoadError) {
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    for (index, request) in requests.enumerated() {
      let start = bytes.count
      do {
        try request.encode(signature: signature, limits: limits, into: &bytes)
      } catch {
        throw LoadError("request \(index) cannot be sent: \(error)")
      }
      ranges.append(start..<bytes.count)
    }
    try self.init(bytes: bytes, ranges: ranges, signature: signature, limits: limits)
  }
}

/// Where the requests of a run come from.
package enum RequestSource: Sendable {
  /// From a `.frames` file.
  case recorded(RecordedRequests)
  /// Made up, to fit whatever signature the server has; nil is 32, or as many as the model reads.
  case synthetic(events: Int?, coupons: Int?, seed: UInt64)

  /// The requests for a signature that a server has just told.
  ///
  /// - Parameter previous: the requests for the signature before it. Recorded ones were checked against that,
  ///   and are encoded anew by the names of their columns.
  /// - Throws: what does not fit.
  package func bodies(
    for signature: Signature, limits: FrameLimits, previous: RequestBodies? = nil
  ) throws(LoadError) -> RequestBodies {
    switch self {
    case .synthetic(let events, let coupons, let seed):
      var maker = SyntheticRequests(
        signature: signature, limits: limits, events: events, coupons: coupons, seed: seed)
      return try RequestBodies(
        maker.requests(LoadLimits.syntheticRequests), signature: signature, limits: limits)
    case .recorded(let file):
      guard let previous else {
        return try RequestBodies(
          bytes: file.bytes, ranges: file.bodies, signature: signature, limits: limits)
      }
      return try RequestBodies(
        try previous.translated(to: signature), signature: signature, limits: limits)
    }
  }
}

extension RequestBodies {
  /// The same requests for another signature: its columns are looked up by name.
  fileprivate func translated(to other: Signature) throws(LoadError) -> [ScoreBody] {
    var places: [Int] = []
    for column in other.columns {
      guard let place = signature.columns.firstIndex(of: column) else {
        throw LoadError(
          "the version now live reads '\(column.name)' (\(column.axis.name) axis, \(column.kind)), "
            + "which the recorded requests do not have")
      }
      places.append(place)
    }
    var requests: [ScoreBody] = []
    for index in bodies.indices {
      do {
        var request = try decoded(index)
        request.columns = places.map { request.columns[$0] }
        requests.append(request)
      } catch {
        throw LoadError("a recorded request cannot be read: \(error)")
      }
    }
    return requests
  }
}

extension RequestBodies {
  /// One of the requests as values. Cost: allocates every value.
  package func decoded(_ index: Int) throws(WireError) -> ScoreBody {
    // Integers have no padding that `bytes` could expose.
    try unsafe ScoreBody(
      decoding: bytes.span.bytes.extracting(bodies[index].bytes), signature: signature)
  }
}
