// Every limit of the client, with its reason. What the server may be sent is limited by its WELCOME and by
// `TesseraWire.Limits`.

package enum ClientLimits {
  /// The one version of the protocol that this library speaks.
  package static let protocolVersion: UInt8 = 1
  /// What HELLO tells of this library, for the server's log.
  static let clientName = "tessera-swift"
  /// How long a reply may be late, counted from the request's deadline, before the connection is given up:
  /// the server answers every frame or closes, so silence of this length means that the peer is gone or stuck.
  package static let unansweredNanosecondsMax: UInt64 = 5_000_000_000
  /// A server that says nothing for so long is asked whether it is there: often enough that no server, and nothing
  /// between, takes the connection for idle.
  static let silenceSecondsMax: Int64 = 20
  /// How often one call may be sent: the first time and once with a new binding, and both again on another
  /// connection when the first was draining. More would multiply the load of a server that is already in
  /// trouble.
  static let attemptsMax = 4
  /// What a request weighs on a server that says it is empty, where one that is full (255) weighs this and 255: a
  /// full server is given a fifth of what an empty one is given, and is never left without news.
  static let loadWeightOfEmpty = 64
  /// How long a server's word on its load is believed. Queues fill and empty in milliseconds; a server that was
  /// given nothing for a second is as unknown as a new one.
  static let loadNanosecondsMax: UInt64 = 1_000_000_000
  /// The longest that a server which has refused is passed over: what asks for more is broken.
  static let busyNanosecondsMax: UInt64 = 10_000_000_000
  /// Connections to one server. Two keep two cores busy; a server has room for many clients only if each
  /// takes few.
  static let connectionsPerServerMax = 64
  /// Deadlines beyond a day are a day: keeps sums of nanoseconds far from their end.
  static let deadlineSecondsMax: Int64 = 86_400
}
