/// Every limit of the serving decisions, each with its reason. What a peer may send is limited by
/// the wire protocol; what one machine may hold is limited in the server's own `Limits.swift`.
package enum ServingLimits {
  /// Live versions at a time (one lane each). Three versions of twenty models are already far more
  /// than one machine's cache serves well; choosing the next lane stays a scan of a few lines.
  package static let lanesMax = 64
  /// Aliases followed at a time. Ten aliases of twenty models.
  package static let aliasesMax = 256
  /// Names that were ever served in the life of a process, exact versions included: a promotion every
  /// ten minutes for a year. A slot is some 32 bytes; above it new exact versions cannot be bound, and
  /// new aliases not be followed, until a restart.
  package static let slotsMax = 1 << 16
  /// Worker threads: one bit each in the mask of idle workers.
  package static let workersMax = 64
  /// Tickets in one lane's queue. At 50,000 requests a second this is 80 ms of arrivals, more than
  /// the default bound by cost admits; 104 bytes a ticket make 416 KiB a lane.
  package static let laneTicketsMax = 4_096
  /// Tickets in one batch: the wire's 64 users, one frame each, is where products stop gaining.
  package static let batchTicketsMax = 64
  /// A batch stops growing at this much estimated compute: a request that arrives just after it was
  /// taken waits no longer than this for the worker.
  package static let batchNanosecondsMax: Int64 = 2_000_000
  /// Shortest retry-after. A client that comes back sooner meets the same queue.
  package static let retryAfterMicrosecondsMin: Int64 = 1_000
  /// Longest retry-after: queues drain in milliseconds, so a second is always enough.
  package static let retryAfterMicrosecondsMax: Int64 = 1_000_000
  /// When to try again on a handle whose version is gone: a rollback is a person's work.
  package static let versionGoneRetryMicroseconds: UInt32 = 1_000_000
  /// Weight of a new observation in the cost model. One odd batch moves the estimate by 6 %; the
  /// estimate follows a real change within about 30 batches, some milliseconds under load.
  package static let costWeight = 1.0 / 16
  /// Work ahead of a ticket from which on its real wait teaches something: below it, wake-ups and the
  /// clock of the operating system's scheduler weigh more than the queue.
  package static let workAheadNanosecondsMin: Int64 = 200_000
  /// Requests of one connection in flight and their replies, in bytes. Above it the connection is not
  /// read: two frames of the largest size, or the deepest pipeline of ordinary ones.
  package static let heldBytesMax = 2 << 20
  /// Frames of one connection that are answered there and then (BIND, UNBIND, LIST, PING) at once: as many as it
  /// has handles, twice.
  static let controlFramesBurst: Int64 = 128
  /// … and a second from then on. A client that asks more often waits: BIND and LIST write a thousand times what
  /// they read.
  static let controlFramesPerSecond: Int64 = 20
  /// Such frames of all connections of an event loop, a second: at some 7 µs each an eighth of its time.
  package static let loopControlFramesPerSecond: Int64 = 20_000
  /// … and at once: a millisecond or two that scores wait.
  package static let loopControlFramesBurst: Int64 = 256
  /// An estimated wait is taken this much longer when it is held against a deadline: waits vary, and
  /// a frame refused at once is worth more to its client than one that expires in the queue.
  package static let waitMargin = 1.25
  /// How far the pace may be from the estimate. Sixteen times slower is a machine that serves
  /// something else; half as slow is as much as an overestimated cost is believed.
  package static let slownessRange = 0.5...16.0
  /// An observation counts as at most this many times the estimate, and as at least that part of it: a
  /// worker that lost its core to another process must not make the server refuse what it can serve.
  package static let costSurpriseMax = 4.0
  /// Bounds of each term of a cost, in nanoseconds: below, it is lost in the rest; above is no machine
  /// that serves. The largest batch then costs less than `Int64` holds.
  package static let costNanosecondsRange = 0.001...1_000_000.0
  /// A pair of events of a model that attends, in rows, until it was measured: about a multiplication
  /// and an addition for each column, where a row takes as many for each column of a column.
  package static let costOfPairAssumed = 1.0 / 64
}

/// How long a connection may make the server wait, in nanoseconds. Each is counted from a beginning,
/// not from the last byte: a peer that sends a byte now and then gains nothing.
package struct ConnectionTimeouts: Hashable, Sendable {
  /// From accept to a whole HELLO. A round trip over the worst link, twice.
  package var hello: Int64 = 5_000_000_000
  /// From the first byte of a frame to its last. 1 MiB at 2 Mbit/s.
  package var frame: Int64 = 5_000_000_000
  /// From the moment that replies pile up to the limit until they flow again. A peer that reads
  /// nothing for so long is gone, or not worth the memory.
  package var stalledReplies: Int64 = 5_000_000_000
  /// Without a byte from the peer and nothing of its unanswered. A pool's connection that rests for so long costs
  /// less to open anew than to keep; one whose peer has vanished would be kept for ever.
  package var idle: Int64 = 600_000_000_000
  /// From a closing ERROR until the socket is closed whether the peer has read it or not.
  package var linger: Int64 = 1_000_000_000

  package init() {}
}
