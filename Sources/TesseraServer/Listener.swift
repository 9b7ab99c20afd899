import Glibc
import NIOCore
import NIOPosix
import Serving
import Synchronization
import TesseraWire

/// How many connections there are: bounded, and waited for when the server drains.
final class ConnectionCount: Sendable {
  private let count = Atomic(0)
  private let countMax: Int

  init(max: Int) { countMax = max }

  /// Counts a new connection in; false when there are too many.
  func enter() -> Bool {
    guard count.add(1, ordering: .relaxed).newValue <= countMax else {
      leave()
      return false
    }
    return true
  }

  /// Counts one out.
  func leave() { count.subtract(1, ordering: .relaxed) }

  var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }
}

/// The listening socket and how its connections are set up.
enum Listener {
  /// Listens; returns when connections are accepted.
  static func bind(
    _ configuration: ServerConfiguration, group: MultiThreadedEventLoopGroup,
    loops: [LoopContext], count: ConnectionCount
  ) async throws -> any Channel {
    let turnedAway = ConnectionCount(max: ServerLimits.turnedAwayMax)
    return try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(ServerLimits.backlogConnectionsMax))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.socketOption(.so_keepalive), value: 1)
      .childChannelOption(tcp(TCP_KEEPIDLE), value: ServerLimits.keepAlive.idleSeconds)
      .childChannelOption(tcp(TCP_KEEPINTVL), value: ServerLimits.keepAlive.intervalSeconds)
      .childChannelOption(tcp(TCP_KEEPCNT), value: ServerLimits.keepAlive.probes)
      // A read is handled before the next one is made, and others have their turn between.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(
          minimum: ServerLimits.readBufferBytesMin, initial: ServerLimits.readBufferBytesMin,
          maximum: ServerLimits.readBufferBytesMax)
      )
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(low: ServerLimits.unsentBytesMax / 2, high: ServerLimits.unsentBytesMax)
      )
      .childChannelInitializer { channel in
        guard count.enter() else { return turnAway(channel, turnedAway) }
        channel.closeFuture.whenComplete { _ in count.leave() }
        guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }) else {
          preconditionFailure("a connection on a foreign event loop")
        }
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ServerConnection(loop: loop, now: MonotonicClock.now()))
        }
      }
      .bind(host: configuration.host, port: configuration.port)
      .get()
  }

  private static func tcp(_ name: CInt) -> ChannelOptions.Types.SocketOption {
    .init(level: .tcp, name: .init(rawValue: name))
  }

  private static func turnAway(
    _ channel: any Channel, _ count: ConnectionCount
  ) -> EventLoopFuture<Void> {
    guard count.enter() else { return channel.close() }
    channel.closeFuture.whenComplete { _ in count.leave() }
    return channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(TurnedAway())
    }
  }
}

/// A connection too many: told why, and closed when it has read that. Closing at once would reset it, for what it
/// has sent is not read, and the reset would overtake the words.
private final class TurnedAway: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    var bytes: [UInt8] = []
    GoAwayBody(
      code: .overloaded, text: "too many connections; use those you have, or another server"
    )
    .encodeFrame(into: &bytes)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .nanoseconds(ConnectionTimeouts().linger)) {
      channel.close(promise: nil)
    }
  }

  /// What it sends is thrown away, until it closes.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
