import FoundationEssentials
import NIOCore
package import Serving

/// How a server is run. Every default works.
public struct ServerConfiguration: Sendable {
  /// Folder of the registry.
  public var registryPath: String
  /// The program that reads the registry for the server, in a process of its own: `tessera-server`.
  public var readerExecutable: String
  /// Address to listen on. The default is reachable from this machine only.
  public var host = "127.0.0.1"
  /// Port; 0 = a free one.
  public var port = 7311
  /// Threads that compute.
  public var workers: Int
  /// Threads that read and write sockets.
  public var eventLoops: Int
  /// Longest time that accepted work should wait for a worker, in milliseconds of estimated compute.
  public var queueMilliseconds = 50
  /// Deadline of a frame that names none, in milliseconds.
  public var defaultDeadlineMilliseconds = 100
  /// Connections at a time.
  public var connectionsMax = ServerLimits.connectionsMax
  /// Longest time from the wish to stop until the process stops, in milliseconds.
  public var drainMilliseconds = 5_000
  /// What clients must present in HELLO; empty = nothing.
  public var credential: [UInt8] = []
  /// Instruction set of the kernels, by name; nil = the best that this processor has.
  public var instructionSet: String?
  /// Frames and replies of all connections, in bytes.
  package var framesBytesMax = ServerLimits.framesBytesMax
  /// How long a connection may make the server wait.
  package var timeouts = ConnectionTimeouts()

  /// Defaults for this machine: a worker per core, an event loop per two cores.
  public init(registryPath: String) {
    let cores = Self.usableCores
    self.registryPath = registryPath
    readerExecutable = Self.serverBesideThisProgram
    workers = max(1, cores)
    eventLoops = max(1, cores / 2)
  }

  /// Cores that this process may use: by its container's quota, and by its affinity (`taskset`).
  private static var usableCores: Int {
    min(System.coreCount, allowedCores ?? System.coreCount)
  }

  /// Cores of this process's affinity; nil where the kernel does not tell.
  private static var allowedCores: Int? {
    let line = "Cpus_allowed:"
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let mask = status.split(separator: "\n").first(where: { $0.hasPrefix(line) })
    else { return nil }
    // Hexadecimal words with commas between them, and a tabulator before.
    let cores = mask.dropFirst(line.count).compactMap(\.hexDigitValue).reduce(0) {
      $0 + $1.nonzeroBitCount
    }
    return cores > 0 ? cores : nil
  }

  /// `tessera-server` in the folder of the running program.
  private static var serverBesideThisProgram: String {
    let own = CommandLine.arguments.first ?? ""
    guard let slash = own.lastIndex(of: "/") else { return "tessera-server" }
    return own[...slash] + "tessera-server"
  }
}
