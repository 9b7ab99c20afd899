// A data file that is damaged below LMDB's checks, or cut short while it is mapped, ends the process that
// reads it, by a signal that no check prevents. So each command runs in a second process of the same
// program, and the first one says what became of it.

import CommandOutput
import Foundation

/// The two processes of a command.
enum Supervision {
  /// What the second process is called; its other arguments are the command's own.
  private static let workerName = "tessera-registry: worker"

  /// Whether this is the process that does the work.
  static let isWorker = CommandLine.arguments.first == workerName

  /// Lets the worker end when the first process has gone, whatever ended that one: its input is a pipe into
  /// which nobody writes.
  static func endWithParent() {
    Thread.detachNewThread {
      var byte: UInt8 = 0
      // One byte, in the room for one.
      while unsafe read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR {}
      kill(getpid(), SIGKILL)
    }
  }

  /// Runs the command in a process of its own, and ends as that has ended.
  static func run() -> Never {
    holdStandardDescriptors()
    var ends: [CInt] = [0, 0]
    var worker: pid_t = 0
    // Room for the two descriptors that the call writes.
    guard unsafe pipe(&ends) == 0 else { fail("pipe", errno) }
    // The worker has one end, as its input, and never the other.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // One line is said about a death; Swift would print a hundred. Who asks for them gets them.
    // Nothing else runs in this process.
    _ = unsafe setenv("SWIFT_BACKTRACE", "enable=no", 0)
    let result = spawn(&worker, input: ends[0])
    guard result == 0 else { fail("start the worker", result) }
    close(ends[0])
    var status: CInt = 0
    // The status outlives the call, which fills it in.
    while unsafe waitpid(worker, &status, 0) < 0 {
      guard errno == EINTR else { fail("waitpid", errno) }
    }
    let number = status & 0x7F
    if number == 0 { exit(status >> 8 & 0xFF) }
    complain("Error: " + words(forSignal: number))
    exit(1)
  }

  /// Where standard output or error is closed, the next file that is opened would take its number, and what
  /// is printed would be written into the registry.
  private static func holdStandardDescriptors() {
    while true {
      // The path is read only during the call. For reading: printing stays an error.
      let descriptor = unsafe open("/dev/null", O_RDONLY)
      if descriptor > STDERR_FILENO { close(descriptor) }
      if descriptor < 0 || descriptor > STDERR_FILENO { return }
    }
  }

  private static func words(forSignal number: CInt) -> String {
    // The text is copied before the call's buffer can be used again.
    let name = unsafe String(cString: strsignal(number))
    switch number {
    case SIGBUS, SIGSEGV, SIGABRT, SIGFPE:
      return
        "the registry is damaged below what can be checked, or its file became shorter (\(name)); "
        + "put a backup in its place with `tessera-registry restore`; if this was one, the backup is what is "
        + "damaged, and nothing was changed"
    case SIGILL, SIGTRAP:
      return
        "a fault of this program (\(name)); the registry is as it was before or after the change"
    // Signals are an open set: any can be sent by hand.
    default:
      return "ended by a signal (\(name)); the registry is as it was before or after the change"
    }
  }

  private static func spawn(_ worker: inout pid_t, input: CInt) -> CInt {
    // Initialised before it is used and destroyed after.
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    // Copies that live until after the call, which ends with nil as it expects.
    let arguments = [workerName] + CommandLine.arguments.dropFirst()
    var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    // The worker gets copies of everything; `environ` is not changed by this process.
    return unsafe posix_spawn(&worker, "/proc/self/exe", &actions, nil, &words, environ)
  }

  private static func fail(_ what: String, _ number: CInt) -> Never {
    // The text is copied before the call's buffer can be used again.
    complain("Error: \(what): " + (unsafe String(cString: strerror(number))))
    exit(1)
  }
}
