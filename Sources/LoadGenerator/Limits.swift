/// Every limit of the load generator, with its reason.
package enum LoadLimits {
  /// What HELLO tells of this program, for the server's log.
  static let clientName = "tessera-load"
  /// The longest run. An hour shows every leak that a load test can show; what is longer is several runs.
  package static let secondsMax = 3_600.0
  /// Sockets of one run. More need several machines: one address has some 28,000 local ports.
  package static let connectionsMax = 10_000
  /// Requests that may be unanswered at once in a closed loop: 64 connections at the protocol's limit.
  package static let concurrencyMax = 65_536
  /// Requests a second of an open loop: ten times what one machine's loopback carries.
  package static let rateMax = 1_000_000.0
  /// Threads that send and receive. One drives 50,000 requests a second; more than a machine has cores is a slip.
  package static let threadsMax = 64
  /// Connections when none are asked for: enough to spread over a server's threads, few enough that
  /// replies share reads.
  package static let connectionsDefaultMax = 64
  /// Connections of an open loop when none are asked for.
  package static let openLoopConnectionsDefault = 16
  /// Sockets that are opened at once: below the usual queue of a listening socket (128 on old kernels).
  static let connectsAtOnceMax = 100
  /// From the start of connecting until the model is bound. Longer than a lost SYN takes to be repeated.
  static let readySecondsMax = 10
  /// How long answers are waited for when sending has ended: the longest default deadline that a server
  /// is likely to have, and time to spare.
  static let answerSecondsMax = 5
  /// The shortest pause between two looks at an open loop's schedule. What falls due meanwhile is
  /// late by at most this, and the lateness is part of its latency.
  static let paceNanosecondsMin: UInt64 = 100_000
  /// The highest latency that the histogram holds: the longest run and the wait for its answers.
  static let latencyNanosecondsMax: UInt64 = 3_700_000_000_000
  /// Different requests that are made up when none are recorded: enough that no cache sees only one.
  package static let syntheticRequests = 16
  /// A recorded file is held in memory, as it is and as it is sent.
  package static let requestsBytesMax = 256 << 20
  /// Descriptors of a process that are not connections of a run.
  static let otherDescriptors = 64
}
