public import Logging
public import NIOCore
public import NIOPosix
import TesseraWire

/// Scores coupons on Tessera servers.
///
/// One client serves a whole process: make it once, use it from any task, close it at the end. It keeps a few
/// connections to every server and sends the requests of all callers over them at once; replies come in any
/// order. It connects again by itself when a connection ends, finishes what is in flight when a
/// server drains, and asks for the model's new signature when a promotion has changed it.
///
/// ```swift
/// let client = TesseraClient(servers: [ServerAddress(host: "127.0.0.1", port: 7311)])
/// _ = try await client.signature(of: "coupon", deadline: .seconds(5))  // connects and binds once
/// let response = try await client.score(
///   ScoreRequest([
///     "age_bucket": .integer(4),
///     "category": .strings(["SOFT DRINKS", "CHEESE"]),   // two events, the older one first
///     "spend": .numbers([2.49, 5.99]),
///     "face_value": .numbers([1.00, 0.75, 2.50]),        // three coupons
///   ]),
///   model: "coupon", deadline: .milliseconds(5))
/// let probabilities = response.scores(of: "redeem")      // three numbers
/// await client.close()
/// ```
public final class TesseraClient: Sendable {
  private let pool: ConnectionPool
  private let configuration: Configuration

  /// A client for these servers, which must all serve the models that will be asked for. Nothing is opened
  /// before the first call.
  ///
  /// - Parameter servers: at least one. A request goes to the connection with the fewest unanswered ones,
  ///   and less to servers that say they are full or have just refused.
  /// - Parameter group: where the sockets live; the process-wide one by default.
  /// - Parameter logger: is told about connections that end, at level debug; nothing by default.
  public init(
    servers: [ServerAddress], configuration: Configuration = Configuration(),
    group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup, logger: Logger? = nil
  ) {
    precondition(!servers.isEmpty, "a client needs at least one server")
    self.configuration = configuration
    pool = ConnectionPool(
      servers: servers, configuration: configuration, group: group,
      logger: logger ?? Logger(label: "tessera.client") { _ in SwiftLogNoOpLogHandler() })
  }

  deinit {
    pool.close()
  }

  /// Scores the coupons of a request.
  ///
  /// A request is sent again only when no server has worked on it: once with a new binding after the model's
  /// signature has changed, or on another connection when its own was draining.
  ///
  /// - Parameter request: the columns by name; see ``ScoreRequest``.
  /// - Parameter model: for example `"coupon"`, whose alias `production` is then followed.
  /// - Parameter deadline: from now until the caller has no use for the answer; the server drops work whose
  ///   deadline has passed. The first call connects and binds within it. Nil means ``Configuration/deadline``.
  /// - Returns: one score per coupon and output.
  /// - Throws: ``TesseraClientError``; `cancelled` as soon as the task is cancelled.
  public func score(
    _ request: ScoreRequest, model: ModelReference, deadline: Duration? = nil
  ) async throws(TesseraClientError) -> ScoreResponse {
    try await onConnection(deadline) { connection, until throws(CallFailure) in
      let binding = try await connection.bind(model, deadline: until)
      let body: [UInt8]
      let coupons: [Int]
      do throws(TesseraClientError) {
        (body, coupons) = try request.encode(
          for: binding.signature, limits: connection.limits, capabilities: connection.capabilities)
      } catch {
        throw CallFailure(error)
      }
      let scores = try await connection.score(
        body: body, binding: binding, deadline: until)
      pool.learn(.load(scores.load), from: connection)
      do throws(TesseraClientError) {
        return try ScoreResponse(scores, signature: binding.signature, coupons: coupons)
      } catch {
        throw CallFailure(error)
      }
    }
  }

  /// The columns that a model wants, the outputs that it gives, and its limits. Known from the first call on;
  /// asking again costs nothing on the server until the signature changes.
  ///
  /// - Throws: ``TesseraClientError``, for example `unknownModel`.
  public func signature(
    of model: ModelReference, deadline: Duration? = nil
  ) async throws(TesseraClientError) -> Signature {
    try await onConnection(deadline) { connection, until throws(CallFailure) in
      try await connection.bind(model, deadline: until).signature
    }
  }

  /// Refuses new calls, lets those that are in flight finish, and closes every connection.
  public func close() async {
    pool.close()
    await pool.waitUntilClosed()
  }

  /// Makes attempts until one succeeds or may not be repeated.
  func onConnection<Result>(
    _ deadline: Duration?,
    _ attempt: (ClientConnection, UInt64) async throws(CallFailure) -> Result
  ) async throws(TesseraClientError) -> Result {
    let until =
      NIODeadline.now().uptimeNanoseconds
      + (deadline ?? configuration.deadline).clampedNanoseconds
    var policy = RetryPolicy()
    while true {
      let connection = try await pool.lease(deadline: until)
      defer { pool.release(connection) }
      var staysHere = true
      while staysHere {
        do throws(CallFailure) {
          return try await attempt(connection, until)
        } catch {
          if error.error.code == .overloaded, let pause = error.error.retryAfter {
            pool.learn(.busy(nanoseconds: pause.clampedNanoseconds), from: connection)
          }
          guard policy.repeats(after: error) else { throw error.error }
          staysHere = error.remedy == .rebind
        }
      }
    }
  }
}
