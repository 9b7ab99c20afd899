import ModelRegistry

// What server and reader say to each other over a socket pair: a length, a kind, a body. Both are the same
// program, so nothing here is a format.

/// What the server asks for. Every request has one reply.
enum ReaderRequest: UInt8 {
  /// Which state the registry is in. Reply: a `Generation`.
  case generation = 1
  /// Every alias. Reply: `ReaderAliases`.
  case aliases = 2
  /// A manifest. Body: `ManifestRequest`. Reply: the bytes as they are stored, digest verified.
  case manifest = 3
  /// A blob's content. Body: `BlobRequest`. Reply: exactly its raw bytes, verified.
  case blob = 4
}

/// How the reader answers.
enum ReaderReply: UInt8 {
  /// What was asked for.
  case content = 0x81
  /// Why it cannot be had: UTF-8.
  case failure = 0x82
}

struct ManifestRequest: Codable {
  var model: String
  var version: UInt32
  var pinned: Digest
}

struct BlobRequest: Codable {
  var blob: Manifest.Blob
  var rawBytesMax: Int
  var place: String
}

struct ReaderAliases: Codable {
  struct Entry: Codable {
    enum State: Codable {
      /// Its history is nothing to a server, and may be long.
      case present(AliasTarget)
      case removed
      case damaged(String)
    }
    var model: String
    var alias: String
    var state: State
  }
  var generation: Registry.Generation
  /// Those of models; other kinds of objects are not served.
  var entries: [Entry]
}

extension ReaderAliases {
  init(of now: (generation: Registry.Generation, aliases: [AliasEntry])) {
    generation = now.generation
    entries = now.aliases.filter { $0.kind == .model }.map { entry in
      let state: Entry.State =
        switch entry.state {
        case .present(let record): .present(record.target)
        case .removed: .removed
        case .damaged(let error): .damaged(error.description)
        }
      return Entry(model: entry.object, alias: entry.alias, state: state)
    }
  }
}
