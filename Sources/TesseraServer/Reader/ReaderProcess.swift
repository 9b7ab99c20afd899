import Glibc

/// Why a reader gave no answer.
struct ReaderFailure: Error, CustomStringConvertible {
  /// What happened, and what to do.
  var description: String
}

/// A running reader, until it dies or is ended.
final class ReaderProcess {
  private let id: pid_t
  private let socket: MessageSocket
  private var isReaped = false

  /// Starts a reader of a registry.
  ///
  /// - Parameter isWaitOver: whether a reader that has been silent for so long is given up.
  init(
    executable: String, registryPath: String,
    isWaitOver: @escaping (_ silentMilliseconds: Int) -> Bool
  ) throws(ReaderFailure) {
    var ends: [CInt] = [0, 0]
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    // Room for the two descriptors that the call writes.
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw ReaderFailure(description: "no socket for the reader: \(Self.text(errno))")
    }
    socket = MessageSocket(ends[0], isWaitOver: isWaitOver)
    defer { close(ends[1]) }
    id = try Self.spawn(
      executable, [executable, ReaderService.argument, registryPath], input: ends[1])
  }

  /// Ends the reader. Returns whether it is gone already; one that hangs in the kernel goes later, and
  /// the server does not wait for it: ``isGone(_:)`` is to be asked again.
  func end() -> (id: pid_t, isGone: Bool) {
    if isReaped { return (id, true) }
    kill(id, SIGKILL)
    return (id, Self.isGone(id))
  }

  /// Whether a reader that was ended is gone, and its entry in the process table with it.
  static func isGone(_ id: pid_t) -> Bool {
    // No status is wanted.
    waitpid(id, nil, WNOHANG) != 0
  }

  /// Asks, and waits for the reply. After a failure the reader is of no more use.
  func ask(
    _ request: ReaderRequest, _ body: [UInt8] = [], replyBytesMax: Int
  ) throws(ReaderFailure) -> (kind: ReaderReply, body: [UInt8]) {
    do throws(SocketError) {
      try socket.send(request.rawValue, body)
      let bytesMax = max(replyBytesMax, ServerLimits.readerReasonBytesMax)
      let (kind, body) = try socket.receive(bytesMax: bytesMax)
      guard let kind = ReaderReply(rawValue: kind) else { throw .nonsense }
      return (kind, body)
    } catch {
      throw ReaderFailure(description: reason(error))
    }
  }

  private func reason(_ error: SocketError) -> String {
    switch error {
    case .closed:
      // It has died: its socket closes just before its status is there. If not, this ends it; it does not
      // change the status of one that is dying.
      kill(id, SIGKILL)
      var status: CInt = 0
      // The status outlives the call, which fills it in.
      let ended = unsafe waitpid(id, &status, 0)
      isReaped = true
      let signal = status & 0x7F
      guard ended == id, signal != 0 else {
        return "the reader ended with status \(status >> 8); is the program still in its place?"
      }
      let why =
        switch signal {
        case SIGBUS, SIGSEGV, SIGABRT:
          "the registry is damaged below what can be checked, or its file became shorter; put a backup in "
            + "its place with `tessera-registry restore`"
        // Signals are an open set: any can be sent by hand.
        default: "out of memory, or ended by hand"
        }
      return "the reader was ended by \(Self.name(ofSignal: signal)): \(why)"
    case .silent:
      return
        "the reader was silent for too long: another process keeps the registry locked, or its file "
        + "system does not answer"
    case .nonsense:
      return
        "the reader's answer is longer than it may be, or none: the registry's aliases are too many, or "
        + "server and reader are not the same program"
    }
  }

  // MARK: Starting

  private static func spawn(
    _ executable: String, _ arguments: [String], input: CInt
  ) throws(ReaderFailure) -> pid_t {
    // Both are initialised before they are used and destroyed after.
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    // The reader has its socket as input,
    // and nothing to print to that could block it; a group of its own, so that Ctrl-C on a terminal ends
    // the server alone.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    for output in [STDOUT_FILENO, STDERR_FILENO] {
      unsafe posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0)
    }
    // Initialised above, as the sets are by their first call. Signals that the server keeps back or ignores are
    // the reader's end.
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    var (blocked, defaults) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&blocked)
    unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
    unsafe sigfillset(&defaults)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    // Copies that live until after the call, which ends with nil as it expects.
    var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var id: pid_t = 0
    // The child gets copies of everything; `environ` is not changed by this process.
    let result = unsafe posix_spawn(&id, executable, &actions, &attributes, &words, environ)
    guard result == 0 else {
      throw ReaderFailure(
        description: "cannot start the reader \(executable): \(text(result)); it is the program "
          + "`tessera-server`, which must stay where it is")
    }
    return id
  }

  private static func text(_ number: CInt) -> String {
    // The text is copied before the call's buffer can be used again.
    unsafe String(cString: strerror(number))
  }

  private static func name(ofSignal number: CInt) -> String {
    switch number {
    case SIGBUS: "SIGBUS"
    case SIGSEGV: "SIGSEGV"
    case SIGABRT: "SIGABRT"
    case SIGKILL: "SIGKILL"
    // Signals are an open set; these are the ones that are expected.
    default: "signal \(number)"
    }
  }
}
