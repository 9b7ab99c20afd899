// The program among its signals, descriptors and cores: what an operator's shell, container or log collector
// does to it.

import Foundation
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: its process", .serialized, .timeLimit(.minutes(1)))
struct ServerProcessTests {
  /// A running `tessera-server`; ended with the value.
  private final class Program {
    let process = Process()
    private let registry: ServerRegistry
    let output = Pipe()
    let errors: Pipe

    init(
      _ registry: ServerRegistry, environment: [String: String] = [:], errors: Pipe = Pipe(),
      _ arguments: [String] = [], through starter: [String] = []
    ) throws {
      self.registry = registry
      self.errors = errors
      let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      let words =
        starter + [folder.appending(path: "tessera-server").path, "--port", "0"]
        + ["--registry", registry.path] + arguments
      process.executableURL = URL(filePath: words[0])
      process.arguments = Array(words.dropFirst())
      process.environment = environment
      process.standardOutput = output
      process.standardError = errors
      try process.run()
    }

    deinit { kill(process.processIdentifier, SIGKILL) }

    /// The port, once it listens.
    func port() throws -> Int {
      let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      return try #require(
        text.split(separator: ":").last.flatMap { Int($0.trimmingCharacters(in: .newlines)) })
    }

    /// Sends a signal and waits for the end.
    func end(_ number: CInt) -> Int32? {
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      return process.terminationReason == .exit ? process.terminationStatus : nil
    }
  }

  /// Scores until a version answers.
  private func await(_ version: UInt32, by peer: ServerPeer) async throws {
    let request = ServerRequest.random(seed: 1)
    var (id, seen) = (UInt64(0), UInt32(0))
    while seen != version {
      id += 1
      seen = try await peer.score(request, requestID: id).decoded(as: ScoresBody.self).users[0]
        .version
    }
  }

  @Test(
    "SIGTERM, SIGINT and SIGHUP drain: what was asked is answered, exit 0",
    arguments: [
      SIGTERM, SIGINT, SIGHUP,
    ])
  func signals(number: CInt) async throws {
    let program = try Program(try ServerRegistry.sample())
    let peer = try await ServerPeer.bound(port: try program.port())
    try await self.await(1, by: peer)
    #expect(program.end(number) == 0)
    #expect(try await peer.end().contains { $0.header.kind == .goAway })
  }

  @Test("A signal that comes while the program starts is not lost, and not its death")
  func earlySignal() throws {
    let registry = try ServerRegistry.sample()
    // Whenever it comes: before the first line of the program nobody can hold it back.
    for milliseconds in stride(from: 30, through: 120, by: 10) {
      let program = try Program(registry)
      usleep(UInt32(milliseconds) * 1_000)
      #expect(program.end(SIGTERM) == 0, "after \(milliseconds) ms")
    }
  }

  @Test("A log that nobody reads stops neither promotions nor the end")
  func blockedLog() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    let errors = Pipe()
    // Full before the program starts.
    let descriptor = errors.fileHandleForWriting.fileDescriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let bytes = [UInt8](repeating: 0x2E, count: 4_096)
    // As many bytes as there are.
    while unsafe write(descriptor, bytes, bytes.count) > 0 {}
    _ = fcntl(descriptor, F_SETFL, 0)
    let program = try Program(registry, errors: errors, ["--log-level", "trace"])
    let peer = try await ServerPeer.bound(port: try program.port())
    for version in [2, 1, 2] as [UInt32] {
      try registry.promote(version)
      try await self.await(version, by: peer)
    }
    #expect(program.end(SIGTERM) == 0)
  }

  @Test("A log whose reader has gone, and an output that nobody reads, do not end the program")
  func closedLog() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    let program = try Program(registry, ["--log-level", "trace"])
    try program.errors.fileHandleForReading.close()
    let peer = try await ServerPeer.bound(port: try program.port())
    try program.output.fileHandleForReading.close()
    try registry.promote(2)
    try await self.await(2, by: peer)
    #expect(program.end(SIGTERM) == 0)
  }

  @Test(
    "A credential that cannot be used stops the start",
    arguments: [
      "", String(repeating: "x", count: 257),
    ])
  func unusableCredential(token: String) throws {
    let program = try Program(
      try ServerRegistry.sample(), environment: ["TESSERA_TOKEN": token])
    let text = try program.errors.fileHandleForReading.readToEnd() ?? Data()
    program.process.waitUntilExit()
    #expect(program.process.terminationStatus == 64)
    #expect(String(decoding: text, as: UTF8.self).contains("TESSERA_TOKEN"))
  }

  @Test("A credential of bytes that are no text is asked for, from a file")
  func credentialFile() async throws {
    let registry = try ServerRegistry.sample()
    let path = registry.beside("token")
    try Data([0xFF, 0xFE, 0x80]).write(to: URL(filePath: path))
    let program = try Program(registry, ["--token-file", path])
    let port = try program.port()
    let expected: [([UInt8], FrameKind)] = [([], .error), ([0xFF, 0xFE, 0x80], .welcome)]
    for (credential, kind) in expected {
      let peer = try await ServerPeer(port: port)
      var bytes: [UInt8] = []
      try HelloBody(credential: credential).encodeFrame(requestID: 1, into: &bytes)
      try await peer.send(bytes)
      #expect(try await peer.replies(1)[0].header.kind == kind)
    }
    #expect(program.end(SIGTERM) == 0)
  }

  @Test(
    "A program that is started without standard descriptors serves until it is told to end",
    arguments: ["<&- >&-", "<&- 2>&-", "2>&-", "<&- >&- 2>&-"])
  func closedDescriptors(redirections: String) async throws {
    let registry = try ServerRegistry.sample()
    let port = Int.random(in: 20_000..<30_000)
    let program = try Program(
      registry, ["--port", "\(port)"],
      through: ["/bin/sh", "-c", "exec \"$0\" \"$@\" \(redirections)"])
    var peer: ServerPeer?
    while peer == nil, program.process.isRunning { peer = try? await ServerPeer.bound(port: port) }
    try await self.await(1, by: try #require(peer))
    #expect(program.end(SIGTERM) == 0)
  }

  @Test("A signal ends a program that waits for a registry which somebody else keeps locked")
  func lockedRegistry() async throws {
    let registry = try ServerRegistry.sample()
    // Nobody ever writes to it.
    try FileManager.default.removeItem(atPath: registry.path + "/data.mdb")
    let isMade = unsafe mkfifo(registry.path + "/data.mdb", 0o600) == 0
    #expect(isMade)
    let program = try Program(registry)
    usleep(300_000)
    #expect(program.process.isRunning)
    #expect(program.end(SIGTERM) == 0)
  }

  @Test("Threads are as many as the cores that the process may use, not as the machine has")
  func affinity() async throws {
    let program = try Program(
      try ServerRegistry.sample(), through: ["/usr/bin/taskset", "-c", "0"])
    _ = try program.port()
    let tasks = "/proc/\(program.process.processIdentifier)/task"
    let names = try FileManager.default.contentsOfDirectory(atPath: tasks).map {
      try String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8)
    }
    // One worker and the loader.
    #expect(names.count { $0.hasPrefix("TP-") } == 2)
    #expect(names.count { $0.hasPrefix("NIO-ELT") } == 1)
    #expect(program.end(SIGTERM) == 0)
  }
}
