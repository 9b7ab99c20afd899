import TesseraWire

/// Every limit of the server's effects, each with its reason. What a frame may hold is limited by the
/// protocol, what waits and for how long by the serving decisions.
///
/// What one connection can make the server hold, at worst and on purpose: one frame that is still
/// arriving (1 MiB), the frames and replies in flight (`ServingLimits.heldBytesMax` and one frame over it, at most
/// 3.5 MiB), one read that waits to be handled (`readBufferBytesMax`), and replies that the peer does not read
/// (`unsentBytesMax` in pieces of shared buffers of at most `sharedReplyBytesMax` each, and one more: then its
/// frames wait). Before HELLO: the bytes of one. An honest client with one small request at a time costs 10 KiB.
///
/// What all can together: `framesBytesMax`, for each connection 16 KiB to be handled and `unsentBytesMax` and one
/// reply unsent (4,096 × 116 KiB = 464 MiB), and read buffers that small frames in flight keep
/// (`loopRequestsMax` × `readBufferBytesMax` = 256 MiB for each event loop).
enum ServerLimits {
  /// Connections at a time. Each costs a file descriptor; services keep a pool of some tens.
  static let connectionsMax = 4_096
  /// Connections that the kernel completes before they are accepted: a fleet that starts at once.
  static let backlogConnectionsMax = 1_024
  /// Smallest read buffer. Most requests are below it; smaller ones would cost a read each.
  static let readBufferBytesMin = 2 << 10
  /// Largest read buffer. A frame keeps the buffer that it arrived in until it is answered.
  static let readBufferBytesMax = 16 << 10
  /// Replies that the socket does not take. Above it the connection is not read until half of them
  /// are gone. The kernel's own buffer comes before this one.
  static let unsentBytesMax = 64 << 10
  /// A reply shares the buffer of its batch up to this size, and a larger one if it is at least an
  /// eighth of it; else it is copied, so that a slow reader does not keep the replies of others.
  static let sharedReplyBytesMax = 16 << 10
  /// Buffer that a worker keeps for the replies of a batch; a larger one is given back.
  static let keptReplyBytesMax = 1 << 20
  /// Reply buffers that a worker keeps for each event loop: one is filled while others are written.
  static let keptReplyBatchesMax = 8
  /// Joined signatures that a version remembers to read beside those of the aliases that lead to it: of frames
  /// that wait since before the last promotions.
  static let unusedColumnMapsMax = 16
  /// Requests of all connections of one event loop that are accepted and not answered. The queue is
  /// bounded by cost before; this bounds it when requests are very cheap.
  static let loopRequestsMax = 16_384
  /// Frames that are still arriving, requests in flight and their replies, of all connections, in bytes: the event
  /// loops have equal parts. What the largest requests of a hundred busy connections take. Above it a SCORE is
  /// answered OVERLOADED, and a frame that spans reads is passed over.
  static let framesBytesMax = 512 << 20
  /// Frames of one connection that are handled before the others have their turn: some 0.2 ms.
  static let turnFramesMax = 64
  /// How often it is looked which connections may go on that wait for a pace, in milliseconds.
  static let waitingMilliseconds: Int64 = 2
  /// Aliases whose listing costs as much as one other frame that the loop answers.
  static let listedPerControlFrame = 16
  /// Connections too many that are told so at a time, a second each at most; further ones are closed at once.
  static let turnedAwayMax = 256
  /// A peer that is silent for so long is asked by the kernel whether it is there, in seconds; asked again so
  /// often, so many times, before the connection is closed.
  static let keepAlive = (idleSeconds: 60, intervalSeconds: 10, probes: 6)
  /// How often each connection's timeouts are looked at, in milliseconds. The shortest is a second.
  static let tickMilliseconds: Int64 = 100
  /// Lanes that are left for versions on their way in or out when as many are live as the registry allows.
  static let swapLanesMin = 8
  /// How often the registry is asked for a new generation, in milliseconds. A promotion must be
  /// noticed within 100 ms; asking costs microseconds.
  static let pollMilliseconds = 20
  /// Rows assumed to cost this many nanoseconds until a version without warm-up has been measured.
  static let rowNanosecondsAssumed = 1_000.0
  /// A later warm-up frame raises the cost of a row at most by this factor: one that lost its core for a
  /// moment must not set it.
  static let warmupGrowthMax = 1.5
  /// Warm-up frames that are run on each worker's workspace, so that its memory is touched and its
  /// branches are known before traffic comes.
  static let warmupFramesMax = 64
  /// Accumulated metrics go to the backend this often, in milliseconds.
  static let metricsMilliseconds: Int64 = 1_000
  /// After GOAWAY the connections stay open at least this long, in milliseconds: frames that were
  /// under way are answered with DRAINING and not cut off.
  static let farewellMilliseconds: Int64 = 100
  /// Bytes of what the server asks its reader: a blob's place and digest.
  static let readerRequestBytesMax = 64 << 10
  /// Bytes of why the reader cannot give what was asked: a sentence with a path.
  static let readerReasonBytesMax = 16 << 10
  /// Bytes of where all aliases point: 256 of them with the widest targets take a tenth.
  static let readerAliasesBytesMax = 16 << 20
  /// How long the reader may say nothing, in milliseconds, before it is taken for stuck: longer than the
  /// largest blob takes to be read from a slow disk and any import to commit. Serving goes on meanwhile.
  static let readerSilenceMilliseconds = 60_000
  /// A reader that says nothing for so long, in milliseconds, is spoken of in the log.
  static let readerSilenceLoggedMilliseconds = 5_000
  /// How often, while the reader is silent, it is looked whether the server stops, in milliseconds: a tenth
  /// of what people notice, and nothing beside a drain.
  static let readerLookMilliseconds = 20
  /// A reader that died is started again after this many milliseconds (the first time at once), then
  /// after twice as many, …
  static let readerRestartMillisecondsMin: Int64 = 100
  /// … up to here: a process every ten seconds costs nothing.
  static let readerRestartMillisecondsMax: Int64 = 10_000
  /// A version that could not be loaded is tried again after this many milliseconds, then after twice as
  /// many, …
  static let loadRetryMillisecondsMin: Int64 = 1_000
  /// … up to here: reading a large version for nothing once a minute disturbs nobody.
  static let loadRetryMillisecondsMax: Int64 = 60_000
}
