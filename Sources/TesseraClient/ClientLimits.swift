// Every limit of the client, with its reason. What the server may be sent is limited by its WELCOME and by
// `TesseraWire.Limits`.

package enum ClientLimits {
  /// The one version of the protocol that this library speaks.
  package static let protocolVersion: UInt8 = 1
  /// How long a reply may be late, counted from the request's deadline, before the connection is given up:
  /// the server answers every frame or closes, so silence of this length means that the peer is gone or stuck.
  package static let unansweredNanosecondsMax: UInt64 = 5_000_000_000
  /// From the start of connecting to WELCOME. Longer than a lost SYN takes to be repeated.
  static let connectSecondsMax = 5
  /// How often one call may be sent: the first time, once with a new binding, and once more because a
  /// connection was draining. More would multiply the load of a server that is already in trouble.
  static let attemptsMax = 4
  /// Connections to one server. Two keep two cores busy; a server has room for many clients only if each
  /// takes few.
  static let connectionsPerServerMax = 64
  /// The longest deadline that fits the frame's field: about 71 minutes.
  static let deadlineMicrosecondsMax = UInt64(UInt32.max)
  /// Deadlines beyond a day are a day: keeps sums of nanoseconds far from their end.
  static let deadlineSecondsMax: Int64 = 86_400
}
