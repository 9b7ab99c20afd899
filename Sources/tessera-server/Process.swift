import Glibc

/// A variable of the environment; nil when unset or empty.
func environment(_ name: String) -> String? {
  // Nothing in this process changes the environment.
  guard let value = unsafe getenv(name), let text = unsafe String(validatingCString: value),
    !text.isEmpty
  else { return nil }
  return text
}

/// Gives standard descriptors that are closed to /dev/null: else the next file or socket would get their numbers,
/// and what is logged would be written into it. To be called before anything is opened.
func occupyStandardDescriptors() {
  for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
    // The lowest free number is this one: those below are taken. The path outlives the call.
    _ = unsafe open("/dev/null", O_RDWR)
  }
}

/// Raises the soft limit of open files as far as so many connections need. Returns what to tell the
/// operator when the hard limit is lower: at the limit, sockets wait unaccepted and their event loop
/// asks for them again and again.
func makeRoom(forConnections connections: Int) -> String? {
  // Listener, wake-up and poll descriptors of the event loops, the registry's two files, standard streams.
  let others = 256
  let needed = rlim_t(connections + others)
  var limit = rlimit()
  let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  // Both calls read or write exactly the struct.
  guard unsafe getrlimit(files, &limit) == 0, limit.rlim_cur < needed else { return nil }
  limit.rlim_cur = min(needed, limit.rlim_max)
  let isRaised = unsafe setrlimit(files, &limit) == 0
  if isRaised && limit.rlim_cur == needed { return nil }
  return "\(connections) connections need \(needed) open files, this process may open "
    + "\(limit.rlim_max); lower --connections or raise `ulimit -Hn`"
}
