import Glibc
import ModelRegistry

/// The reader: a process of its own that opens the registry, reads and verifies, and hands over bytes.
///
/// A damaged or shortened file, or a mount that is gone, can end whoever has it mapped; this process may be
/// ended. It answers until its server closes the other end.
public enum ReaderService {
  /// The argument that makes the server's program a reader; the registry's folder follows it.
  public static let argument = "--read-registry"

  /// Serves the socket on standard input, and returns when the server has gone.
  public static func run(registryPath: String) {
    // Whatever of the server's was open without close-on-exec.
    closefrom(STDERR_FILENO + 1)
    dieQuickly()
    let socket = MessageSocket(STDIN_FILENO) { _ in false }
    var registry: Registry?
    do throws(SocketError) {
      while true {
        let (kind, body) = try socket.receive(bytesMax: ServerLimits.readerRequestBytesMax)
        guard let request = ReaderRequest(rawValue: kind) else { return }
        let reply: [UInt8]
        do throws(RegistryError) {
          if registry == nil { registry = try Registry(path: registryPath, access: .readOnly) }
          guard let registry else { return }
          reply = try answer(request, body, from: registry)
        } catch {
          let reason = Array(error.description.utf8.prefix(ServerLimits.readerReasonBytesMax))
          try socket.send(ReaderReply.failure.rawValue, reason)
          continue
        }
        try socket.send(ReaderReply.content.rawValue, reply)
      }
    } catch {
      // The server is gone, and with it whoever would want to know.
    }
  }

  /// The server waits for a death to be told: no back trace and no core file, which take seconds.
  private static func dieQuickly() {
    for number in [SIGBUS, SIGSEGV, SIGABRT, SIGILL, SIGTRAP, SIGFPE] {
      // What the language's runtime had installed.
      _ = signal(number, SIG_DFL)
    }
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    // The struct outlives the call, which reads it.
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  }

  private static func answer(
    _ request: ReaderRequest, _ body: [UInt8], from registry: Registry
  ) throws(RegistryError) -> [UInt8] {
    switch request {
    case .generation:
      return try registry.generation().bytes
    case .aliases:
      return CanonicalJSON.encode(ReaderAliases(of: try registry.aliasesNow()))
    case .manifest:
      let wish = try CanonicalJSON.decode(ManifestRequest.self, from: body, at: "request")
      let stored = try registry.manifestBytes(
        model: wish.model, version: wish.version, pinned: wish.pinned)
      _ = try Manifest(
        verifying: stored.bytes, digest: stored.digest, of: wish.model, version: wish.version)
      return stored.bytes ?? []
    case .blob:
      let wish = try CanonicalJSON.decode(BlobRequest.self, from: body, at: "request")
      return try registry.content(
        of: wish.blob, rawBytesMax: wish.rawBytesMax, at: wish.place)
    }
  }
}
