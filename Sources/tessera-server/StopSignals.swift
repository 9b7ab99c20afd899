import Dispatch
import Glibc

/// The signals that ask a server to stop: caught from the first line of the program on, so that one which comes
/// before anybody waits for it is not lost.
enum StopSignals {
  /// A closed terminal asks as politely as an operator.
  private static let numbers = [SIGTERM, SIGINT, SIGHUP]
  /// Where the handler writes their numbers, and where they are read. Set once, before the handler is.
  private nonisolated(unsafe) static var pipeEnds: (read: CInt, write: CInt) = (-1, -1)

  /// Catches them. To be called first of all, once.
  static func hold() {
    var ends: [CInt] = [-1, -1]
    // Room for the two descriptors that the call writes. Without a pipe the signals keep their default.
    guard unsafe pipe(&ends) == 0 else { return }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    // As said there.
    unsafe pipeEnds = (ends[0], ends[1])
    for number in numbers {
      _ = signal(number) { number in
        // In a handler only calls like this one are allowed; a full pipe has told of a signal already.
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(StopSignals.pipeEnds.write, &byte, 1)
      }
    }
    // A log or a socket whose reader has gone is an error of the write, not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Calls `body` with the name of the first, on a thread of its own.
  static func onFirst(_ body: @escaping @Sendable (_ name: String) -> Void) {
    DispatchQueue(label: "signals").async {
      // Set before; each call reads or fills exactly one value, which outlives it.
      var entry = pollfd(fd: unsafe pipeEnds.read, events: Int16(POLLIN), revents: 0)
      var byte: UInt8 = 0
      while unsafe read(entry.fd, &byte, 1) != 1 { _ = unsafe poll(&entry, 1, -1) }
      body(CInt(byte) == SIGTERM ? "SIGTERM" : CInt(byte) == SIGINT ? "SIGINT" : "SIGHUP")
    }
  }
}
