import Glibc

/// The files that this process may open: a socket is one.
enum Descriptors {
  /// Raises the soft limit as far as needed.
  ///
  /// - Throws: `LoadError` when the hard limit is too low.
  static func makeRoom(for connections: Int) throws(LoadError) {
    let needed = rlim_t(connections + LoadLimits.otherDescriptors)
    var limit = rlimit()
    // The call reads or writes exactly the struct.
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < needed
    else { return }
    guard limit.rlim_max >= needed else {
      throw LoadError(
        "\(connections) connections need \(needed) open files, this process may open "
          + "\(limit.rlim_max); see `ulimit -Hn`")
    }
    limit.rlim_cur = needed
    // The call reads the struct before it returns.
    guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw LoadError("the limit of open files cannot be raised to \(needed)")
    }
  }
}
