import Glibc
import Logging
import ModelRegistry
import Synchronization

/// Set once, from another thread.
private final class Flag: Sendable {
  let value = Atomic(false)
}

/// The registry as the server sees it: through a reader, which is started when it is needed, and again
/// when it has died. The server itself never maps the registry's file.
///
/// Unchecked, because it is handed on: the start of the server uses it, then the loader's thread alone.
final class RegistryFeed: @unchecked Sendable {
  private let executable: String
  private let registryPath: String
  private let logger: Logger
  private var reader: ReaderProcess?
  private let stopped = Flag()
  /// Readers that were ended and were not gone yet when last looked at.
  private var ended: [pid_t] = []
  private var backoff = Backoff(
    firstMilliseconds: ServerLimits.readerRestartMillisecondsMin,
    maxMilliseconds: ServerLimits.readerRestartMillisecondsMax)
  /// Why the last reader was given up.
  private var lastFailure = ""

  init(executable: String, registryPath: String, logger: Logger) {
    self.executable = executable
    self.registryPath = registryPath
    self.logger = logger
  }

  deinit { end() }

  /// The present state of the registry; another value means another content.
  func generation(now: Int64) throws(ReaderFailure) -> Registry.Generation {
    let bytesMax = Registry.Generation.byteCount
    guard let generation = Registry.Generation(try ask(.generation, bytesMax: bytesMax, now: now))
    else { throw ReaderFailure(description: "the reader tells no generation") }
    return generation
  }

  /// All aliases of models, with the state that they are of.
  func aliases(now: Int64) throws(ReaderFailure) -> ReaderAliases {
    try decode(
      ReaderAliases.self, try ask(.aliases, bytesMax: ServerLimits.readerAliasesBytesMax, now: now))
  }

  /// A version, verified by the reader; refused when it has another manifest than the pinned one.
  ///
  /// - Complexity: holds one tensor's payload and numbers at once beside what is returned. No reply is
  ///   longer than the manifest, whose digest is pinned, says that it is.
  func load(
    model: String, version: UInt32, pinned: Digest, now: Int64
  ) throws(ReaderFailure) -> StoredModel {
    let wish = ManifestRequest(model: model, version: version, pinned: pinned)
    let bytes = try ask(
      .manifest, CanonicalJSON.encode(wish), bytesMax: RegistryLimits.manifestBytesMax, now: now)
    do throws(RegistryError) {
      let manifest = try Manifest(verifying: bytes, digest: pinned, of: model, version: version)
      return try StoredModel(name: model, version: version, digest: pinned, manifest: manifest) {
        blob, rawBytesMax, place throws(RegistryError) in
        try content(of: blob, rawBytesMax: rawBytesMax, at: place, now: now)
      }
    } catch {
      throw ReaderFailure(description: error.description)
    }
  }

  private func content(
    of blob: Manifest.Blob, rawBytesMax: Int, at place: String, now: Int64
  ) throws(RegistryError) -> [UInt8] {
    let wish = BlobRequest(blob: blob, rawBytesMax: rawBytesMax, place: place)
    let bytes: [UInt8]
    do throws(ReaderFailure) {
      bytes = try ask(
        .blob, CanonicalJSON.encode(wish), bytesMax: min(blob.rawBytes, rawBytesMax), now: now)
    } catch {
      throw RegistryError(.store, at: place, error.description)
    }
    guard bytes.count == blob.rawBytes else {
      throw RegistryError(
        .damaged, at: place, "\(bytes.count) bytes came where \(blob.rawBytes) are expected")
    }
    return bytes
  }

  // MARK: The reader

  /// Lets whoever waits for the reader wait no longer. From any thread.
  func stop() { stopped.value.store(true, ordering: .relaxed) }
  var isStopped: Bool { stopped.value.load(ordering: .relaxed) }

  /// Ends the reader, if one runs.
  private func end() {
    if let (id, isGone) = reader?.end(), !isGone { ended.append(id) }
    reader = nil
  }

  private func runningReader() throws(ReaderFailure) -> ReaderProcess {
    if let reader { return reader }
    ended.removeAll(where: ReaderProcess.isGone)
    let started = try ReaderProcess(executable: executable, registryPath: registryPath) {
      [stopped, logger] silentMilliseconds in
      if silentMilliseconds == ServerLimits.readerSilenceLoggedMilliseconds {
        logger.warning(
          "the registry's reader has said nothing for \(silentMilliseconds / 1_000) s; what is loaded is served on"
        )
      }
      return stopped.value.load(ordering: .relaxed)
        || silentMilliseconds >= ServerLimits.readerSilenceMilliseconds
    }
    reader = started
    return started
  }

  private func ask(
    _ request: ReaderRequest, _ body: [UInt8] = [], bytesMax: Int, now: Int64
  ) throws(ReaderFailure) -> [UInt8] {
    if reader == nil && now < backoff.notBefore {
      throw ReaderFailure(description: "\(lastFailure); it is tried again soon")
    }
    let reply: (kind: ReaderReply, body: [UInt8])
    do throws(ReaderFailure) {
      reply = try runningReader().ask(request, body, replyBytesMax: bytesMax)
    } catch {
      end()
      lastFailure = error.description
      // The first one is replaced at once: what killed it may concern one version only.
      backoff.fail(now: now, freeAttempts: 1)
      throw error
    }
    backoff.succeed()
    switch reply.kind {
    case .content: return reply.body
    case .failure: throw ReaderFailure(description: String(decoding: reply.body, as: UTF8.self))
    }
  }

  private func decode<T: Decodable>(
    _ type: T.Type, _ bytes: [UInt8]
  ) throws(ReaderFailure) -> T {
    do throws(RegistryError) {
      return try CanonicalJSON.decode(type, from: bytes, at: "reader")
    } catch {
      throw ReaderFailure(description: error.description)
    }
  }
}
