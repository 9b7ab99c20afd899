import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TesseraServer
import TesseraWire

/// A reply as it came over the socket.
struct ServerReply: Sendable {
  var header: FrameHeader
  var body: [UInt8]

  func decoded<Body: FrameBody>(as type: Body.Type) throws -> Body {
    // Integers have no padding that `bytes` could expose.
    try unsafe Body(decoding: body.span.bytes)
  }

  /// The code of an ERROR or a GOAWAY; nil for another kind.
  var code: ErrorCode? {
    switch header.kind {
    case .error: try? decoded(as: ErrorBody.self).code
    case .goAway: try? decoded(as: GoAwayBody.self).code
    default: nil
    }
  }
}

/// A socket to the server that sends whatever bytes a test wants, and collects every reply.
final class ServerPeer: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var replies: [ServerReply] = []
    var isClosed = false
  }

  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let state = Mutex(State())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let buffer = unwrapInboundIn(data)
      state.withLock { state in
        state.bytes += buffer.readableBytesView
        // Integers have no padding that `bytes` could expose.
        while let header = try? unsafe FrameScanner.next(
          in: state.bytes.span.bytes, accepting: .every)
        {
          let body = Array(state.bytes[FrameHeader.byteCount..<header.frameByteCount])
          state.replies.append(ServerReply(header: header, body: body))
          state.bytes.removeFirst(header.frameByteCount)
        }
      }
    }

    func channelInactive(context: ChannelHandlerContext) {
      state.withLock { $0.isClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  struct Late: Error {}

  private let channel: any Channel
  private let collector: Collector

  /// Connects and sends nothing.
  init(port: Int, reads: Bool = true) async throws {
    let collector = Collector()
    self.collector = collector
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.autoRead, value: reads)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(collector)
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  /// Connects, greets and binds `coupon`; handle 0 is its production alias.
  static func bound(port: Int, reads: Bool = true) async throws -> ServerPeer {
    let peer = try await ServerPeer(port: port, reads: reads)
    try await peer.send(greeting())
    if reads { _ = try await peer.replies(2) }
    return peer
  }

  /// Request ids of the greeting, out of the way of those that tests count up.
  static let helloID = UInt64.max - 1
  static let bindID = UInt64.max

  /// HELLO and BIND.
  static func greeting() throws -> [UInt8] {
    var bytes: [UInt8] = []
    try HelloBody().encodeFrame(requestID: helloID, into: &bytes)
    try BindBody(.model, "coupon", target: .alias("production"))
      .encodeFrame(requestID: bindID, into: &bytes)
    return bytes
  }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  /// For a peer that was made to read nothing.
  func beginReading() async throws { try await channel.setOption(.autoRead, value: true).get() }

  func close() async { try? await channel.close() }

  /// All replies since the connection began.
  var replies: [ServerReply] { collector.state.withLock { $0.replies } }
  var isClosed: Bool { collector.state.withLock { $0.isClosed } }

  /// Waits until there are so many replies in all, and returns them.
  func replies(_ count: Int, within time: Duration = .seconds(10)) async throws -> [ServerReply] {
    try await until(within: time) { self.replies.count >= count }
    return replies
  }

  /// Waits until the server has closed.
  func end(within time: Duration = .seconds(10)) async throws -> [ServerReply] {
    try await until(within: time) { self.isClosed }
    return replies
  }

  /// Sends one request and waits for its answer. To be used by one task at a time.
  func score(_ body: ScoreBody, requestID: UInt64) async throws -> ServerReply {
    try await send(try Self.frame(body, requestID: requestID))
    var found: ServerReply?
    try await until(within: .seconds(10)) {
      found = self.replies.last { $0.header.requestID == requestID }
      return found != nil
    }
    guard let found else { throw Late() }
    return found
  }

  static func frame(_ body: ScoreBody, requestID: UInt64, face: String = "face") throws -> [UInt8] {
    var bytes: [UInt8] = []
    try body.encodeFrame(requestID: requestID, signature: signature(face: face), into: &bytes)
    return bytes
  }

  static func signature(face: String) -> Signature {
    Signature(
      columns: [
        Column(name: "spend", axis: .user, kind: .number),
        Column(name: "item", axis: .event, kind: .integer),
        Column(name: face, axis: .coupon, kind: .number),
      ], outputs: [Output(name: "redeem", meaning: .probability)], eventsMax: 32, couponsMax: 16)
  }

  /// Waits until something holds, looking at it every half millisecond.
  func until(within time: Duration = .seconds(10), _ isDone: () -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + time
    while !isDone() {
      guard clock.now < deadline else { throw Late() }
      try await Task.sleep(for: .microseconds(500))
    }
  }
}

/// A server in this process on a free port, for as long as the closure runs; then it is drained.
func withServer<Result: Sendable>(
  _ registry: ServerRegistry, configure: (inout ServerConfiguration) -> Void = { _ in },
  _ body: @Sendable (_ port: Int, _ group: ServiceGroup) async throws -> Result
) async throws -> Result {
  var configuration = ServerConfiguration(registryPath: registry.path)
  configuration.port = 0
  configure(&configuration)
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  var logger = Logger(label: "server")
  logger.logLevel = .critical
  let server = ScoringServer(configuration: configuration, logger: logger) {
    port.yield($1)
    port.finish()
  }
  let group = ServiceGroup(
    configuration: .init(
      services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
      logger: logger))
  let running = Task {
    defer { port.finish() }
    try await group.run()
  }
  for await port in ports {
    do {
      let result = try await body(port, group)
      await group.triggerGracefulShutdown()
      try await running.value
      return result
    } catch {
      running.cancel()
      throw error
    }
  }
  try await running.value
  throw ServerPeer.Late()
}
