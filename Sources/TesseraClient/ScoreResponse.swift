import TesseraWire

/// The scores of one request, and what the server tells about them.
public struct ScoreResponse: Hashable, Sendable {
  /// The version of the model that scored. Under a promotion, consecutive responses may differ.
  public let version: UInt32
  /// The names of the model's outputs, for example `redeem`.
  public let outputs: [String]
  /// How long the request lay in the server before its batch began.
  public let queueTime: Duration
  /// How long its batch was computed.
  public let computeTime: Duration
  /// How full the server's queue was: 0 empty, 1 full. Send less, or elsewhere, as it nears 1.
  public let serverLoad: Double

  private let values: [Float]
  private let rows: Int
  /// Where each user's coupons begin, and the end.
  private let starts: [Int]

  /// How many users the request had.
  public var users: Int { starts.count - 1 }

  /// One score per coupon of one user, in the order in which the coupons were sent.
  ///
  /// - Parameter output: one of ``outputs``; nil means the first.
  /// - Parameter user: counted from 0, as in the request.
  /// - Returns: nil when the model has no such output.
  /// - Complexity: O(coupons of the user).
  public func scores(of output: String? = nil, user: Int = 0) -> [Float]? {
    precondition(user >= 0 && user < users, "user \(user) of a response for \(users) users")
    guard let index = output.map({ outputs.firstIndex(of: $0) }) ?? 0 else { return nil }
    return Array(values[index * rows + starts[user]..<index * rows + starts[user + 1]])
  }

  /// - Throws: `protocolViolation` when the reply does not have the shape of the request.
  init(
    _ body: ScoresBody, outputs: [String], coupons: [Int]
  ) throws(TesseraClientError) {
    starts = coupons.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    guard body.users == coupons.count, body.rows == starts.last, body.outputs == outputs.count
    else {
      throw TesseraClientError(
        .protocolViolation,
        "the server answered \(body.users) users, \(body.rows) coupons, \(body.outputs) outputs; asked were "
          + "\(coupons.count), \(starts.last ?? 0), \(outputs.count)")
    }
    version = body.version
    self.outputs = outputs
    queueTime = .microseconds(Int64(body.queueMicroseconds))
    computeTime = .microseconds(Int64(body.computeMicroseconds))
    serverLoad = Double(body.load) / 255
    values = body.values
    rows = body.rows
  }
}
