// A data file that is damaged below LMDB's checks, or cut short while it is mapped, ends the process that
// reads it. Then this says why, in place of a bare "Bus error".

import Glibc

/// Says that the registry is damaged when reading it is ended by a signal, and exits with 1. A write that
/// fails comes back as an error: a closed pipe, a limit on the size of files.
func prepareSignals() {
  _ = signal(SIGPIPE, SIG_IGN)
  _ = signal(SIGXFSZ, SIG_IGN)
  for number in [SIGBUS, SIGSEGV, SIGABRT] {
    var action = sigaction()
    // A function that captures nothing.
    unsafe action.__sigaction_handler.sa_handler = { _ in
      let message: StaticString = """
        Error: the registry is damaged below what can be checked, or its file became shorter; nothing was \
        changed; put a backup in its place with `tessera-registry restore`

        """
      // Only calls that are safe in a signal handler; the text is part of the program.
      _ = unsafe write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(1)
    }
    // The struct outlives the call, which copies it.
    _ = unsafe sigaction(number, &action, nil)
  }
}
