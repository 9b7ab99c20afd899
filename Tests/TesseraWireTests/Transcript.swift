// Reads the files of Protocol/vectors/transcripts; the README of the vectors says what is in them.
import Foundation
import TesseraWire
import Testing

/// A whole connection: who sends what, and what happens at the server in between.
struct Transcript: Sendable, CustomTestStringConvertible {
  enum Event: Hashable, Sendable {
    /// A frame of the client, or the header of one that is refused on its header.
    case client(name: String, bytes: [UInt8])
    /// A frame of the server.
    case server(name: String, bytes: [UInt8])
    /// The words behind `=`.
    case fact([String])
  }

  /// The file's name without its ending.
  var name: String
  var events: [Event]

  var testDescription: String { name }

  static let all: [Transcript] = {
    let folder = Vector.folder.appending(path: "vectors/transcripts")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".txt") }.sorted().map { name in
      let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
      return Transcript(name: String(name.dropLast(4)), text: text)
    }
  }()

  init(name: String, text: String) {
    self.name = name
    events = []
    for part in text.components(separatedBy: "\n\n") {
      let lines = part.split(separator: "\n", maxSplits: 1)
      guard let first = lines.first, !first.hasPrefix("#") else { continue }
      let words = String(first.dropFirst(2))
      let bytes = lines.count == 2 ? Vector.bytes(hex: String(lines[1])) : []
      switch first.first {
      case ">": events.append(.client(name: words, bytes: bytes))
      case "<": events.append(.server(name: words, bytes: bytes))
      case "=": events.append(.fact(words.split(separator: " ").map(String.init)))
      // A line that is no event stops the suite: a typing error must not shorten a transcript.
      case let other:
        preconditionFailure("\(name): '\(other.map(String.init) ?? "")' begins no event")
      }
    }
  }

  /// What WELCOME grants in this transcript; nil when HELLO is refused.
  var granted: Capabilities? {
    for case .server("WELCOME", let bytes) in events {
      return try? withBody(bytes) { (_, body) throws(WireError) in
        try WelcomeBody(decoding: body).capabilities
      }
    }
    return nil
  }
}
