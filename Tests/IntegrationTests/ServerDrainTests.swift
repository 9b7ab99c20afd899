import Foundation
import ServiceLifecycle
import TesseraServer
import TesseraWire
import Testing
import SeededRandom

@Suite("Server: drain", .serialized)
struct ServerDrainTests {
  @Test("on shutdown accepted work is answered, new work is refused as draining, all is closed")
  func drain() async throws {
    let registry = try ServerRegistry.sample(units: 128)
    try await withServer(registry) {
      $0.workers = 1
      $0.queueMilliseconds = 10_000
    } _: { port, group in
      let peer = try await ServerPeer.bound(port: port)
      var numbers = SeededGenerator(seed: 4)
      let heavy = ServerRequest.make(users: 64, events: 32, coupons: 16, &numbers)
      var bytes: [UInt8] = []
      for id in 0..<100 { bytes += try ServerPeer.frame(heavy, requestID: UInt64(id)) }
      try await peer.send(bytes)
      _ = try await peer.replies(3)
      await group.triggerGracefulShutdown()
      try await peer.until { peer.replies.contains { $0.header.kind == .goAway } }
      // The server may have closed by now.
      try? await peer.send(try ServerPeer.frame(ServerRequest.random(seed: 1), requestID: 500))
      let replies = try await peer.end()
      #expect(replies.contains { $0.header.kind == .goAway && $0.header.requestID == 0 })
      // Refused, or too late for any answer but the GOAWAY.
      let late = replies.first { $0.header.requestID == 500 }
      #expect(late == nil || late?.code == .draining)
      // What the event loop had not read before the drain is refused; nothing is left unanswered.
      let answers = replies.filter { $0.header.requestID < 100 && $0.header.kind != .goAway }
      #expect(Set(answers.map(\.header.requestID)).count == 100)
      #expect(answers.count == 100)
      #expect(answers.allSatisfy { $0.header.kind == .scores || $0.code == .draining })
    }
  }

  @Test("the program prints where it listens, and SIGTERM makes it leave with 0 after its answers")
  func program() async throws {
    let registry = try ServerRegistry.sample()
    let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let process = Process()
    process.executableURL = folder.appending(path: "tessera-server")
    process.arguments = ["--port", "0", "--registry", registry.path, "--log-level", "warning"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    defer { process.terminate() }
    // Whatever is there, as soon as something is.
    let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    #expect(text.hasPrefix("listening on 127.0.0.1:"))
    let port = try #require(Int(text.trimmingCharacters(in: .newlines).split(separator: ":")[1]))
    let peer = try await ServerPeer.bound(port: port)
    #expect(
      try await peer.score(ServerRequest.random(seed: 1), requestID: 1).header.kind == .scores)
    process.terminate()
    let replies = try await peer.end()
    #expect(replies.contains { $0.header.kind == .goAway })
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
  }

  @Test("a registry that is not there is said with what to do about it; exit 1")
  func refusals() throws {
    let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let process = Process()
    process.executableURL = folder.appending(path: "tessera-server")
    process.arguments = ["--port", "0", "--registry", "/nowhere/registry"]
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = Pipe()
    try process.run()
    let text = String(
      decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(text.contains("there is no registry here"))
    #expect(text.contains("tessera-registry import"))
  }
}
