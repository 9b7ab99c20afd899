import ArgumentParser
import CommandOutput
import HouseholdFile
import TesseraClient

struct ScoreVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Scores the coupons of one household and shows them ranked, in words.",
    discussion: """
      The file is JSON:

        {"words": "who they are", "user": {COLUMN: VALUE, ...},
         "events": [{"words": "what happened", "columns": {...}}, ...],
         "coupons": [{"words": "what it offers", "columns": {...}}, ...]}

      Events stand oldest first. Columns are those that the model reads: a bag is a list, a missing \
      number is null. An example is Registry/samples/household.json.

      Exit: 0 when the coupons were scored, 1 when not, 64 on wrong usage. The credential, if one is \
      needed, is taken from $TESSERA_TOKEN.
      """)

  @OptionGroup var target: ServedModelOptions

  @Argument(help: ArgumentHelp("The household.", valueName: "file.json"))
  var file: String

  func validate() throws { _ = try target.reference() }

  func run() async throws {
    let household: Household
    let bytes = try readFile(file, bytesMax: ToolLimits.householdBytesMax)
    do {
      household = try Household(json: bytes)
    } catch {
      throw CommandError("\(file): \(error)")
    }
    var configuration = TesseraClient.Configuration()
    configuration.connectionsPerServer = 1
    configuration.credential = try target.credential()
    configuration.deadline = .seconds(5)
    let client = TesseraClient(servers: [target.server], configuration: configuration)
    let result: Result<ScoreResponse, any Error>
    do {
      result = .success(try await score(household, client))
    } catch {
      result = .failure(error)
    }
    await client.close()
    try show(household, try result.get())
  }

  private func score(
    _ household: Household, _ client: TesseraClient
  ) async throws -> ScoreResponse {
    let model = try target.reference()
    do {
      let signature = try await client.signature(of: model)
      let request = ScoreRequest(try household.columns(for: signature))
      return try await client.score(request, model: model)
    } catch let error as HouseholdError {
      throw CommandError("\(file): \(error)")
    } catch let error as TesseraClientError {
      throw CommandError("\(target.server): \(error.message)")
    }
  }

  private func show(_ household: Household, _ response: ScoreResponse) throws {
    try emit(household.words)
    try emit("")
    for event in household.events { try emit("  \(event.words)") }
    if household.events.isEmpty { try emit("  Nothing is known of what they bought.") }
    try emit("")
    for output in response.outputs where output.axis == .user {
      let numbers = response.scores(of: output.name) ?? []
      try emit("  \(output.name): \(Ranking.figure(of: output, numbers))")
    }
    let outputs = response.outputs.filter { $0.axis == .coupon }
    if !outputs.isEmpty {
      let ranking = Ranking(
        words: household.coupons.map(\.words), outputs: outputs,
        scores: outputs.map { response.scores(of: $0.name) ?? [] })
      for line in ranking.lines { try emit("  \(line)") }
    }
    try emit("")
    let queued = response.queueTime.microseconds
    let computed = response.computeTime.microseconds
    try emit(
      "\(target.model) version \(response.version() ?? 0) at \(target.server): \(queued + computed) µs in the server "
        + "(\(queued) queued, \(computed) computed)")
  }
}

extension Duration {
  fileprivate var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
