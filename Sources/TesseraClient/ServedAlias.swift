import TesseraWire

/// One alias of one model as a server serves it.
public struct ServedAlias: Hashable, Sendable {
  /// The model's name.
  public let model: String
  /// The alias's name.
  public let alias: String
  /// The version that is served now; nil = none.
  public let version: UInt32?
  /// The version that the registry names.
  public let wantedVersion: UInt32
  /// Whether requests are answered by the wanted version.
  public let isReady: Bool
  /// For people: why it is not ready.
  public let reason: String

  init(_ entry: ListedBody.Entry) {
    model = entry.name
    alias = entry.alias
    version = entry.version == 0 ? nil : entry.version
    wantedVersion = entry.wantedVersion
    isReady = entry.state == .ready
    reason = entry.reason
  }
}

extension TesseraClient {
  /// What one of the servers serves: every alias of every model, ready or not and why.
  ///
  /// - Throws: ``TesseraClientError``; `unsupported` where the server does not tell.
  public func servedAliases(
    deadline: Duration? = nil
  ) async throws(TesseraClientError) -> [ServedAlias] {
    try await onConnection(deadline) { connection, until throws(CallFailure) in
      var aliases: [ServedAlias] = []
      var total = 0
      repeat {
        let part = try await connection.list(
          ListBody(.model, first: aliases.count), deadline: until)
        aliases += part.entries.map(ServedAlias.init)
        total = part.entries.isEmpty ? 0 : part.total
      } while aliases.count < total
      return aliases
    }
  }
}
