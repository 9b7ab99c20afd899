/// Where it makes sense to send a refused request again, unchanged. Part of every ERROR and GOAWAY, so
/// that a client need not know the code.
public enum Retry: UInt8, Hashable, Sendable, CaseIterable {
  /// Nowhere: it would be refused again.
  case never = 0
  /// On this server, after the time that the reply gives; 0 = once another answer has come.
  case here = 1
  /// On another connection, at once: to another server where there is one.
  case elsewhere = 2
  /// On this connection, after BIND was sent again.
  case afterBinding = 3
}
