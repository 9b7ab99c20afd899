// A server in this process that follows a script: for every frame a test may say what is answered; what it
// leaves alone is answered as a friendly server would. Its scores are the numbers of the rows.

import FrameStream
import NIOCore
import NIOPosix
import Synchronization
import TesseraClient
import TesseraWire

final class FakeServer: Sendable {
  /// One frame as the script sees it.
  struct Arrival {
    let kind: FrameKind
    let requestID: UInt64
    let body: ByteBuffer
    /// Counted from 0 in the order in which clients connected.
    let connection: Int
    /// Frames of this kind that have come on any connection before this one.
    let number: Int
    let channel: any Channel

    func send(_ body: some FrameBody, to other: UInt64? = nil) {
      var bytes = ByteBuffer()
      do { try bytes.writeFrame(body, requestID: other ?? requestID) } catch {
        fatalError("a script's frame is wrong: \(error)")
      }
      channel.writeAndFlush(bytes, promise: nil)
    }

    func send(bytes: [UInt8]) {
      channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func refuse(_ code: ErrorCode, retryAfterMicroseconds: UInt32 = 0, column: Int? = nil) {
      send(
        ErrorBody(
          code: code, column: column, retryAfterMicroseconds: retryAfterMicroseconds,
          text: "as scripted"))
    }

    /// What a friendly server answers.
    func answer(with signature: Signature = FakeServer.signature, version: UInt32 = 1) {
      switch kind {
      case .hello:
        send(WelcomeBody(times: .fake, serverName: "fake"))
      case .bind:
        send(BoundBody(handle: UInt16(version), version: version, signature: signature))
      case .score:
        var layout = ScoreLayout()
        do {
          try layout.decode(body.readableBytesSpan, signature: signature)
          send(
            ScoresBody(
              users: Array(repeating: .init(version: version), count: layout.users),
              outputs: signature.outputs.count, load: 51, queueMicroseconds: 7,
              computeMicroseconds: 9, coupons: layout.couponRows,
              values: (0..<layout.answerNumbers).map(Float.init)))
        } catch {
          send(ErrorBody(error))
        }
      default:
        refuse(.badFrame)
      }
    }
  }

  /// Returns true when it has dealt with the frame.
  typealias Script = @Sendable (Arrival) -> Bool

  static let signature = Signature(
    columns: [
      Column(name: "segment", axis: .user, kind: .integer),
      Column(name: "category", axis: .event, kind: .string),
      Column(name: "spend", axis: .event, kind: .number),
      Column(name: "products", axis: .coupon, kind: .stringBag),
    ],
    outputs: [
      Output(name: "click", meaning: .value), Output(name: "redeem", meaning: .probability),
    ], eventsMax: 16, couponsMax: 16)

  private struct State {
    var connections: [any Channel] = []
    var arrivals: [FrameKind: Int] = [:]
  }

  let address: ServerAddress
  private let listener: any Channel
  private let state: SharedState

  private final class SharedState: Sendable {
    let state = Mutex(State())
  }

  private init(listener: any Channel, state: SharedState) {
    self.listener = listener
    self.state = state
    address = ServerAddress(host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
  }

  static func start(
    port: Int = 0, script: @escaping Script = { _ in false }
  ) async throws -> FakeServer {
    let state = SharedState()
    let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let number = state.state.withLock { state in
            state.connections.append(channel)
            return state.connections.count - 1
          }
          try channel.pipeline.syncOperations.addHandler(
            Handler(connection: number, state: state, script: script))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    return FakeServer(listener: listener, state: state)
  }

  /// How many connections there have been.
  var connections: Int { state.state.withLock { $0.connections.count } }

  /// How many frames of this kind have come.
  func arrivals(of kind: FrameKind) -> Int { state.state.withLock { $0.arrivals[kind] ?? 0 } }

  /// Takes no more connections and closes those that there are.
  func stop() async {
    try? await listener.close()
    for channel in state.state.withLock({ $0.connections }) { try? await channel.close() }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: Int
    private let state: SharedState
    private let script: Script
    private var reader = FrameAssembler()

    init(connection: Int, state: SharedState, script: @escaping Script) {
      self.connection = connection
      self.state = state
      self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      reader.append(Self.unwrapInboundIn(data))
      do {
        while let (header, body) = try reader.next(accepting: .every) {
          let number = state.state.withLock { state in
            state.arrivals[header.kind, default: 0] += 1
            return state.arrivals[header.kind, default: 0] - 1
          }
          let arrival = Arrival(
            kind: header.kind, requestID: header.requestID, body: body, connection: connection,
            number: number, channel: context.channel)
          if !script(arrival) { arrival.answer() }
        }
      } catch {
        context.close(promise: nil)
      }
    }
  }
}

extension WelcomeBody.Times {
  /// What no test waits for.
  static let fake = WelcomeBody.Times(
    frameTimeoutMilliseconds: 5_000, defaultDeadlineMicroseconds: 100_000, drainMilliseconds: 5_000)
}
