// What a registry may do to a server: be damaged, replaced, taken away. The server goes on serving, says why,
// and follows again when it can.

import Foundation
import LMDBStore
import ModelRegistry
import TesseraServer
import TesseraWire
import Testing

@Suite("Server: its registry", .serialized, .timeLimit(.minutes(2)))
struct ServerRegistryTests {
  private let request = ServerRequest.random(seed: 1)

  /// Scores until the version answers.
  private func await(_ version: UInt32, by peer: ServerPeer, from id: UInt64) async throws {
    var id = id
    while try await self.version(by: peer, id) != version {
      id += 1
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  private func version(by peer: ServerPeer, _ id: UInt64) async throws -> UInt32 {
    try await peer.score(request, requestID: id).decoded(as: ScoresBody.self).users[0].version
  }

  /// The reply to a BIND of another alias of `coupon`.
  private func bind(_ alias: String, by peer: ServerPeer, _ id: UInt64) async throws -> ServerReply
  {
    var bytes: [UInt8] = []
    try BindBody(.model, "coupon", target: .alias(alias)).encodeFrame(requestID: id, into: &bytes)
    let before = peer.replies.count
    try await peer.send(bytes)
    return try await peer.replies(before + 1)[before]
  }

  /// Promotes an alias and waits until the server follows it. The server goes through aliases by name, so it
  /// has tried then what was changed before in any that comes before this one.
  private func awaitLook(
    _ registry: ServerRegistry, by peer: ServerPeer, from id: UInt64
  ) async throws {
    try registry.promote(3, alias: "zeta")
    var id = id
    while try await bind("zeta", by: peer, id).header.kind != .bound { id += 1 }
  }

  /// A server of version 1; rollback, which does not verify, would return to version 2.
  private func withRollbackTo2(
    _ body: @escaping @Sendable (ServerRegistry, ServerPeer) async throws -> Void
  ) async throws {
    let registry = try ServerRegistry.sample(versions: 3)
    try registry.promote(2)
    try registry.promote(1)
    try await withServer(registry) { port, _ in
      try await body(registry, try await ServerPeer.bound(port: port))
    }
  }

  @Test("A reader that dies is started again, and what was promoted meanwhile is served")
  func readerDies() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      for round in UInt64(1)...3 {
        try registry.killReader()
        let version = UInt32(2 - (round + 1) % 2)
        try registry.promote(version)
        try await self.await(version, by: peer, from: round * 1_000)
      }
    }
  }

  @Test(
    "Damage that ends whoever reads it ends a load, not the server, and no other version is touched"
  )
  func damageBelowTheChecks() async throws {
    try await withRollbackTo2 { registry, peer in
      let digest = try registry.registry.manifest(model: "coupon", version: 2).digest
      // The size of the manifest's entry stands eight bytes before its key; now it reaches beyond the file.
      try registry.flip(1 << 4, at: -6, from: digest.bytes)
      try registry.rollback()
      try await self.awaitLook(registry, by: peer, from: 10)
      #expect(try await self.version(by: peer, 1) == 1)
      try registry.promote(3)
      try await self.await(3, by: peer, from: 1_000)
    }
  }

  @Test("A version whose record names another manifest than the alias pins is not served")
  func pins() async throws {
    try await withRollbackTo2 { registry, peer in
      let object = Array("model\0coupon\0".utf8)
      let second = try registry.registry.manifest(model: "coupon", version: 2).digest
      let third = try #require(try registry.value(object + [0, 0, 0, 3], in: "versions"))
      try registry.replace(object + [0, 0, 0, 2], in: "versions", with: third)
      // Rollback would notice.
      #expect(throws: RegistryError.self) { try registry.rollback() }
      try registry.point("production", to: [(2, 1)], pinned: second)
      try await self.awaitLook(registry, by: peer, from: 10)
      #expect(try await self.version(by: peer, 1) == 1)
    }
  }

  @Test("An alias whose record cannot be read stops itself alone")
  func oneBadAlias() async throws {
    let registry = try ServerRegistry.sample(versions: 3)
    try registry.promote(2, alias: "canary")
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      try registry.replace(Array("model\0coupon\0canary".utf8), in: "aliases", with: [0x7B])
      try registry.promote(3)
      try await self.await(3, by: peer, from: 1)
      // What it pointed to keeps serving.
      let bound = try await self.bind("canary", by: peer, 900).decoded(as: BoundBody.self)
      #expect(bound.version == 2)
    }
  }

  @Test("A shadow, which this release cannot serve, is refused; what was served goes on")
  func shadow() async throws {
    let registry = try ServerRegistry.sample(versions: 3)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      try registry.point("production", to: [(2, 1)], shadows: [3])
      try await self.awaitLook(registry, by: peer, from: 10)
      #expect(try await self.version(by: peer, 1) == 1)
    }
  }

  @Test("An alias that is removed is answered no longer; the others are")
  func removal() async throws {
    let registry = try ServerRegistry.sample(versions: 3)
    try registry.promote(2, alias: "canary")
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      try registry.registry.remove(
        model: "coupon", alias: "canary", change: Change(who: "x", now: Date()))
      var id = UInt64(10)
      while try await self.bind("canary", by: peer, id).code != .unknownObject { id += 1 }
      #expect(try await self.version(by: peer, 1) == 1)
    }
  }

  @Test("A version that could not be loaded is tried again though nothing has changed since")
  func retry() async throws {
    try await withRollbackTo2 { registry, peer in
      let manifest = try registry.registry.manifest(model: "coupon", version: 2).manifest
      let blob = manifest.tensors[0].blob.digest.bytes
      // Inside the value: its key stands in pages of the tree, too, where other keys follow it.
      let begin = Array(try #require(try registry.value(blob, in: "blobs")).prefix(24))
      try registry.flip(1, at: begin.count, from: begin)
      try registry.rollback()
      try await self.awaitLook(registry, by: peer, from: 10)
      #expect(try await self.version(by: peer, 1) == 1)
      try registry.flip(1, at: begin.count, from: begin)
      try await self.await(2, by: peer, from: 1_000)
    }
  }

  @Test("A folder that is renamed away is done without, and another in its place is followed")
  func replacedFolder() async throws {
    let registry = try ServerRegistry.sample(versions: 2)
    try registry.registry.backup(to: registry.beside("next"))
    try Registry(path: registry.beside("next"), access: .readWrite).promote(
      model: "coupon", version: 2, change: Change(who: "x", now: Date()))
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      let files = FileManager.default
      try files.moveItem(atPath: registry.path, toPath: registry.beside("old"))
      #expect(try await self.version(by: peer, 1) == 1)
      try files.moveItem(atPath: registry.beside("next"), toPath: registry.path)
      try await self.await(2, by: peer, from: 1_000)
      // Restored in one step, under the server.
      try Registry.restore(registry.beside("old"), to: registry.path)
      try await self.await(1, by: peer, from: 100_000)
    }
  }

  @Test(
    "A registry that somebody keeps locked neither stops the serving nor the end of it",
    .timeLimit(.minutes(1)))
  func locked() async throws {
    let registry = try ServerRegistry.sample(versions: 1)
    try registry.registry.backup(to: registry.beside("next"))
    let (held, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let holder = Environment(path: registry.beside("next"), access: .readWrite)
    Thread.detachNewThread {
      do {
        try holder.write { _ throws(StoreError) in
          held.signal()
          released.wait()
        }
      } catch {
        Issue.record(error)
      }
    }
    Self.await(held)
    try await withServer(registry) { port, _ in
      let peer = try await ServerPeer.bound(port: port)
      try FileManager.default.moveItem(atPath: registry.path, toPath: registry.beside("old"))
      try FileManager.default.moveItem(atPath: registry.beside("next"), toPath: registry.path)
      for id in UInt64(1)...50 {
        #expect(try await self.version(by: peer, id) == 1)
        try await Task.sleep(for: .milliseconds(2))
      }
    }
    // The server has ended though the lock is still held.
    released.signal()
  }

  /// Waiting is for threads; this one is not needed meanwhile.
  private static func await(_ semaphore: DispatchSemaphore) { semaphore.wait() }

  @Test("A server whose reader cannot be started says which program is missing")
  func noReader() async throws {
    let registry = try ServerRegistry.sample()
    let error = await #expect(throws: ServerError.self) {
      try await withServer(registry) {
        $0.readerExecutable = "/nowhere/tessera-server"
      } _: { _, _ in
      }
    }
    #expect(error?.message.contains("/nowhere/tessera-server") == true)
  }

  @Test(
    "What failed is tried again at once, then after a while, twice as long each time, up to a limit"
  )
  func backoff() {
    var backoff = Backoff(firstMilliseconds: 100, maxMilliseconds: 1_000)
    var delays: [Int64] = []
    for _ in 0..<7 {
      backoff.fail(now: 5, freeAttempts: 1)
      delays.append((backoff.notBefore - 5) / 1_000_000)
    }
    #expect(delays == [0, 100, 200, 400, 800, 1_000, 1_000])
    backoff.hurry(now: 9)
    #expect(backoff.notBefore == 9)
    backoff.succeed()
    backoff.fail(now: 0)
    #expect(backoff.notBefore == 100_000_000)
  }
}
