internal import ArgumentParser
internal import Foundation

/// The Python process that runs the peers: a line of JSON for each question, one for each answer.
final class PeerWorker {
  struct Prepared: Decodable {
    struct Peer: Decodable {
      let name: String
      let scores: [Double]
    }
    /// The file of the case's SCORE frames.
    let frames: String
    let peers: [Peer]
  }

  private struct Command: Encodable {
    let `do`: String
    var model: String?
    var events: [Int]?
    var coupons: [Int]?
    var peer: String?
    var seconds: Double?
  }
  private struct Times: Decodable { let us: [Double] }

  /// Of util-linux: runs a command on the given processors.
  static let taskset = "/usr/bin/taskset"

  private let python: String
  private let process = Process()
  private let questions = Pipe()
  private let answers = Pipe()
  private var pending = Data()

  init(python: String, folder: String, core: Int) throws {
    guard FileManager.default.isExecutableFile(atPath: python) else {
      throw BenchError(
        "\(python) is not there; make it with python3 -m venv .venv, or name another with --python")
    }
    self.python = python
    process.executableURL = URL(filePath: Self.taskset)
    process.arguments = ["-c", "\(core)", python, "Tools/tessera-bench/peers/worker.py", folder]
    process.standardInput = questions
    process.standardOutput = answers
    try process.run()
  }

  deinit {
    // It ends at the end of its input.
    try? questions.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  func prepare(model: String, _ batch: PeerCase) throws -> Prepared {
    try ask(Command(do: "prepare", model: model, events: batch.events, coupons: batch.coupons))
  }

  /// Microseconds of each call on the whole batch.
  func time(peer: String, seconds: Double) throws -> [Double] {
    let times: Times = try ask(Command(do: "time", peer: peer, seconds: seconds))
    return times.us
  }

  private func ask<Answer: Decodable>(_ command: Command) throws -> Answer {
    let line = try JSONEncoder().encode(command) + Data("\n".utf8)
    try questions.fileHandleForWriting.write(contentsOf: line)
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let answer = pending[..<end]
        pending = Data(pending[(end + 1)...])
        return try JSONDecoder().decode(Answer.self, from: answer)
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else {
        throw BenchError(
          "the peers' process ended; what it said stands above. It needs the repository's root as the "
            + "working directory and its packages: \(python) -m pip install -e 'Tools/python[peers]'"
        )
      }
      pending += more
    }
  }
}
