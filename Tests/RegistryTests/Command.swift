// Runs the command line as a user does: the built program, in a process of its own.

import Foundation

/// A run of `tessera-registry`.
struct Command {
  let process = Process()
  private let output = Pipe()
  private let errors = Pipe()

  init(_ arguments: String...) throws {
    let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    process.executableURL = folder.appending(path: "tessera-registry")
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"]
    try process.run()
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
  }
}
