#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A variable of the environment; nil when unset or empty.
func environment(_ name: String) -> String? {
  // Nothing in this process changes the environment.
  guard let value = unsafe getenv(name), let text = unsafe String(validatingCString: value),
    !text.isEmpty
  else { return nil }
  return text
}

/// Scripts wait for the line about listening, and a pipe would keep it back.
func flushStandardOutput() {
  // nil = every stream.
  _ = fflush(nil)
}
