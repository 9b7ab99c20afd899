// Runs the command line as a user does: the built program, in a process of its own.

import Foundation

/// A run of `tessera-registry`.
struct Command {
  static let path = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "tessera-registry").path
  private static let strace = "/usr/bin/strace"
  static let unshare = "/usr/bin/unshare"

  /// Whether this machine has strace and lets it trace.
  static let canTrace: Bool = {
    guard FileManager.default.isExecutableFile(atPath: strace) else { return false }
    let run = try? Command(executable: strace, ["-o", "/dev/null", "/bin/true"]).finish()
    return run?.status == 0
  }()

  let process = Process()
  private let output = Pipe()
  private let errors = Pipe()

  init(_ arguments: String...) throws { try self.init(arguments) }

  /// - Parameter output: where the command's output goes, in place of what `finish` returns.
  init(_ arguments: [String], output: FileHandle? = nil) throws {
    try self.init(executable: Self.path, arguments, output: output)
  }

  /// The command is started by a line for the shell, in which it is `"$@"`.
  init(shell line: String, _ arguments: String...) throws {
    try self.init(executable: "/bin/sh", ["-c", line, "sh", Self.path] + arguments)
  }

  /// The system calls that a change of a registry writes with.
  static let writingCalls = ["writev", "pwrite64", "fdatasync", "write"]

  /// The command is killed as it enters its `n`th call of this name, counted from 1.
  init(killedAt call: String, _ n: Int, _ arguments: String...) throws {
    let inject = "inject=\(call):signal=SIGKILL:when=\(n)"
    try self.init(
      executable: Self.strace,
      ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", inject, Self.path] + arguments)
  }

  /// The calls with which the command opens, writes and syncs files are written to a file.
  init(tracing file: String, _ arguments: String...) throws {
    let calls = "trace=openat,write,writev,pwrite64,pwritev,fsync,fdatasync"
    try self.init(
      executable: Self.strace,
      ["-f", "-qq", "-s", "0", "-o", file, "-e", calls, Self.path] + arguments)
  }

  /// Like `init(shell:)`, in a namespace of its own.
  init(apart namespace: String, shell line: String, _ arguments: String...) throws {
    try self.init(
      executable: Self.unshare, [namespace, "/bin/sh", "-c", line, "sh", Self.path] + arguments)
  }

  /// The command runs as process 1 of a namespace of its own, as in a container.
  init(alone program: String, _ arguments: String...) throws {
    try self.init(
      executable: Self.unshare, ["--pid", "--fork", "--kill-child", program] + arguments)
  }

  private init(
    executable: String, _ arguments: [String], output file: FileHandle? = nil
  ) throws {
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.standardOutput = file ?? output
    process.standardError = errors
    process.environment = [
      "PATH": "/usr/bin:/bin", "HOME": FileManager.default.temporaryDirectory.path,
    ]
    try process.run()
    if file != nil { try output.fileHandleForWriting.close() }
  }

  /// Waits; exit status and the two texts.
  func finish() throws -> (status: Int32, output: String, errors: String) {
    // What these commands print fits a pipe, so the order of reading does not matter.
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: complaint, as: UTF8.self)
    )
  }

  /// Ends the process at once, as a power switch would.
  func kill() {
    _ = Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    // Its worker has gone as well when nobody can write to its output any more.
    _ = try? output.fileHandleForReading.readToEnd()
  }
}
