import TesseraWire

/// The scores of one request, and what the server tells about them.
public struct ScoreResponse: Hashable, Sendable {
  /// The model's outputs, with their axes and meanings.
  public let outputs: [Output]
  /// How long the request lay in the server before its batch began.
  public let queueTime: Duration
  /// How long its batch was computed.
  public let computeTime: Duration
  /// How full the server's queue was: 0 empty, 1 full. Send less, or elsewhere, as it nears 1.
  public let serverLoad: Double

  private let body: ScoresBody
  /// Where each user's coupons begin, and the end.
  private let starts: [Int]

  /// How many users the request had.
  public var users: Int { body.users.count }

  /// The version of the model that scored a user; nil when the user was not scored. Users of one request may
  /// differ, and so do consecutive responses under a promotion.
  public func version(user: Int = 0) -> UInt32? {
    body.users[user].status == nil ? body.users[user].version : nil
  }

  /// Why a user was not scored although others were; nil when it was.
  public func failure(user: Int = 0) -> TesseraClientError? {
    body.users[user].status.map { status in
      TesseraClientError(
        ErrorBody(code: status, text: "other users of the request were scored"),
        during: "user \(user)")
    }
  }

  /// One user's numbers of an output: for an output of the coupon axis one (or, for a vector, its width) for
  /// each coupon, in the order in which the coupons were sent; for one of the user axis one (or its width).
  ///
  /// - Parameter output: a name of ``outputs``; nil means the first.
  /// - Parameter user: counted from 0, as in the request.
  /// - Returns: nil when the model has no such output, or the user was not scored.
  /// - Complexity: O(numbers returned + outputs).
  public func scores(of output: String? = nil, user: Int = 0) -> [Float]? {
    precondition(user >= 0 && user < users, "user \(user) of a response for \(users) users")
    guard body.users[user].status == nil,
      let index = output.map({ name in outputs.firstIndex { $0.name == name } }) ?? 0
    else { return nil }
    let values = body.output(index, of: outputs)
    let rows =
      outputs[index].axis == .user ? user..<user + 1 : starts[user]..<starts[user + 1]
    let width = outputs[index].width
    return Array(
      values[
        values.startIndex + rows.lowerBound * width..<values.startIndex + rows.upperBound * width])
  }

  /// - Throws: `protocolViolation` when the reply does not have the shape of the request.
  init(
    _ body: ScoresBody, signature: Signature, coupons: [Int]
  ) throws(TesseraClientError) {
    starts = coupons.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    guard body.matches(signature, users: coupons.count, coupons: starts.last ?? 0) else {
      throw TesseraClientError(
        .protocolViolation,
        "the server answered \(body.users.count) users, \(body.coupons) coupons, \(body.outputs) outputs, "
          + "\(body.values.count) numbers; asked were \(coupons.count), \(starts.last ?? 0), "
          + "\(signature.outputs.count), "
          + "\(signature.numbers(users: coupons.count, coupons: starts.last ?? 0))")
    }
    outputs = signature.outputs
    queueTime = .microseconds(Int64(body.queueMicroseconds))
    computeTime = .microseconds(Int64(body.computeMicroseconds))
    serverLoad = Double(body.load) / Double(UInt8.max)
    self.body = body
  }
}
