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
    try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(ServerLimits.backlogConnectionsMax))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
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
        guard count.enter() else { return turnAway(channel) }
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

  /// Tells a connection too many why it is closed.
  private static func turnAway(_ channel: any Channel) -> EventLoopFuture<Void> {
    var bytes: [UInt8] = []
    GoAwayBody(
      code: .overloaded, text: "too many connections; use those you have, or another server"
    )
    .encodeFrame(into: &bytes)
    let farewell = ByteBuffer(bytes: bytes)
    // The initializer runs before the channel can be written to.
    channel.eventLoop.execute {
      channel.writeAndFlush(farewell).whenComplete { _ in channel.close(promise: nil) }
    }
    return channel.eventLoop.makeSucceededVoidFuture()
  }
}
