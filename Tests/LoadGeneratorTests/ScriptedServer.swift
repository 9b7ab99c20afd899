// A server in this process: greets and binds like a real one, and does with a SCORE what the test says.

import FrameStream
import NIOCore
import NIOPosix
import Synchronization
import TesseraClient
import TesseraWire

final class ScriptedServer: Sendable {
  /// What becomes of one SCORE.
  enum Deed: Sendable {
    case scores(version: UInt32)
    case scoresLater(milliseconds: Int64)
    case refuse(ErrorCode)
    case silence
    case close
    /// GOAWAY, and the request is never answered.
    case drain
  }

  /// What the server is asked, counted over all its connections from 0.
  struct Question: Sendable {
    var score: Int
    var handle: UInt16
  }

  struct Script: Sendable {
    var limits = FrameLimits.standard
    /// The signature and handle for the nth BIND.
    var bound: @Sendable (_ bind: Int) -> BoundBody = { _ in
      BoundBody(handle: 1, version: 1, signature: ScriptedServer.signature)
    }
    var score: @Sendable (Question) -> Deed = { _ in .scores(version: 1) }
  }

  static let signature = Signature(
    columns: [Column(name: "item", axis: .event, kind: .integer)],
    outputs: [Output(name: "redeem", meaning: .probability)],
    eventsMax: 4, couponsMax: 3)

  let address: ServerAddress
  /// BIND and SCORE frames that have come.
  private let counts: Counts
  private let listener: any Channel

  fileprivate final class Counts: Sendable {
    let binds = Atomic(0)
    let scores = Atomic(0)
  }

  init(_ script: Script) async throws {
    let counts = Counts()
    listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(script, counts))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.counts = counts
    address = ServerAddress(host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
  }

  var binds: Int { counts.binds.load(ordering: .relaxed) }

  func stop() async throws { try await listener.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let script: Script
    private let counts: Counts
    private var reader = FrameAssembler()

    init(_ script: Script, _ counts: Counts) {
      self.script = script
      self.counts = counts
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      reader.append(Self.unwrapInboundIn(data))
      do {
        while let (header, body) = try reader.next(accepting: .every) {
          try answer(header, body, context.channel)
        }
      } catch {
        context.close(promise: nil)
      }
    }

    private func answer(
      _ header: FrameHeader, _ body: ByteBuffer, _ channel: any Channel
    ) throws(WireError) {
      switch header.kind {
      case .hello:
        try send(
          WelcomeBody(
            limits: script.limits,
            times: .init(
              frameTimeoutMilliseconds: 5_000, defaultDeadlineMicroseconds: 100_000,
              drainMilliseconds: 5_000), serverName: "script"), header, channel)
      case .bind:
        let bind = counts.binds.add(1, ordering: .relaxed).oldValue
        try send(script.bound(bind), header, channel)
      default:
        let handle = UInt16(try ScoreLayout.peekHandle(body.readableBytesSpan))
        let score = counts.scores.add(1, ordering: .relaxed).oldValue
        switch script.score(Question(score: score, handle: handle)) {
        case .scores(let version): try send(Self.scores(version, body), header, channel)
        case .scoresLater(let milliseconds):
          let scores = Self.scores(1, body)
          var bytes = ByteBuffer()
          try bytes.writeFrame(scores, requestID: header.requestID)
          channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { [bytes] in
            channel.writeAndFlush(bytes, promise: nil)
          }
        case .refuse(let code):
          try send(ErrorBody(code: code, text: "as the script says"), header, channel)
        case .silence: break
        case .close: channel.close(promise: nil)
        case .drain:
          try send(GoAwayBody(code: .draining, text: "as the script says"), header, channel)
          channel.close(promise: nil)
        }
      }
    }

    private static func scores(_ version: UInt32, _ body: ByteBuffer) -> ScoresBody {
      // One user; its coupon count stands in the last two bytes of its record.
      let rows = Int(
        body.getInteger(at: body.readerIndex + 20, endianness: .little, as: UInt16.self) ?? 0)
      return ScoresBody(
        users: [.init(version: version)], outputs: 1, queueMicroseconds: 20,
        computeMicroseconds: 100, coupons: rows, values: Array(repeating: 0.5, count: rows))
    }

    private func send(
      _ body: some FrameBody, _ header: FrameHeader, _ channel: any Channel
    ) throws(WireError) {
      var bytes = ByteBuffer()
      try bytes.writeFrame(body, requestID: header.requestID)
      channel.writeAndFlush(bytes, promise: nil)
    }
  }
}
