import Foundation
import HouseholdFile
import TesseraWire
import Testing

@Suite struct HouseholdTests {
  private static let signature = Signature(
    columns: [
      Column(name: "age", axis: .user, kind: .string),
      Column(name: "spend", axis: .user, kind: .number),
      Column(name: "category", axis: .event, kind: .string),
      Column(name: "products", axis: .coupon, kind: .stringBag),
      Column(name: "brands", axis: .coupon, kind: .integerBag),
      Column(name: "face", axis: .coupon, kind: .integer),
    ], outputs: [Output(name: "redeem", meaning: .probability)],
    eventsMax: 8, couponsMax: 8)

  private static let good = """
    {"words": "Two people", "user": {"age": "25-34", "spend": 3},
     "events": [{"words": "milk", "columns": {"category": "MILK"}},
                {"words": "eggs", "columns": {"category": "EGGS"}}],
     "coupons": [{"words": "bread", "columns": {"products": ["BREAD", "BUNS"], "brands": [], "face": 50}}]}
    """

  private func columns(_ replacing: String = "", by text: String = "") throws
    -> [String: ColumnValues]
  {
    let json =
      replacing.isEmpty
      ? Self.good : Self.good.replacingOccurrences(of: replacing, with: text)
    return try Household(json: Array(json.utf8)).columns(for: Self.signature)
  }

  private func message(_ replacing: String, by text: String) -> String {
    do {
      return "no error: \(try columns(replacing, by: text))"
    } catch {
      return "\(error)"
    }
  }

  @Test func everyKindOfColumnIsReadFromItsAxis() throws {
    let columns = try columns()
    #expect(columns["age"] == .strings(["25-34"]))
    #expect(columns["spend"] == .numbers([3]))
    #expect(columns["category"] == .strings(["MILK", "EGGS"]))
    #expect(columns["products"] == .stringBags([["BREAD", "BUNS"]]))
    #expect(columns["brands"] == .integerBags([[]]))
    #expect(columns["face"] == .integers([50]))
  }

  @Test func aHouseholdWithoutEventsIsANewUser() throws {
    let household = try Household(
      json: Array(
        #"{"words": "", "user": {"age": "", "spend": null}, "events": [], "coupons": [{"words": "", "columns": {"products": [], "brands": [1], "face": 1}}]}"#
          .utf8))
    let columns = try household.columns(for: Self.signature)
    #expect(columns["category"] == .strings([]))
    guard case .numbers(let spend) = columns["spend"] else {
      throw HouseholdError("no numbers")
    }
    #expect(spend.count == 1 && spend[0].isNaN)
  }

  @Test func anErrorNamesThePlaceInTheFileAndWhatWasExpected() {
    #expect(
      message("\"spend\": 3", by: "\"spend\": \"3\"")
        == "user.spend is \"3\"; the model reads a number, or null where it is missing")
    #expect(
      message("\"BUNS\"", by: "7") == "coupons[0].products[1] is 7; the model reads a list of texts"
    )
    #expect(
      message("\"face\": 50", by: "\"face\": 0.5")
        == "coupons[0].face is 0.5; the model reads a whole number")
    #expect(
      message("\"category\": \"EGGS\"", by: "")
        == "events[1]: 'category' is missing, which the model reads (a text)")
    #expect(
      message("\"age\"", by: "\"agee\"")
        == "user: the model does not read 'agee'; it reads age, spend")
    #expect(message("\"words\": \"eggs\", ", by: "") == "events[1]: 'words' is missing")
    #expect(message("\"spend\": 3", by: "\"spend\": {}").hasPrefix("user.spend: a value is"))
    #expect(message("{\"words\": \"Two", by: "{").hasPrefix("the file: is not JSON"))
  }

  @Test func aModelThatReadsNothingOfAnAxisIsSaidToReadNothing() throws {
    let household = try Household(
      json: Array(
        #"{"words": "", "user": {"age": 3}, "events": [], "coupons": [{"words": "", "columns": {}}]}"#
          .utf8))
    let signature = Signature(
      columns: [Column(name: "item", axis: .event, kind: .integer)],
      outputs: [Output(name: "churn", meaning: .probability)], eventsMax: 4, couponsMax: 3)
    #expect(
      throws: HouseholdError("user: the model does not read 'age'; it reads no column there")
    ) { try household.columns(for: signature) }
  }

  @Test func aFileWithoutCouponsHasNothingToScore() throws {
    let household = try Household(
      json: Array(#"{"words": "", "user": {}, "events": [], "coupons": []}"#.utf8))
    #expect(throws: HouseholdError("coupons: there is none to score")) {
      try household.columns(for: Self.signature)
    }
  }

  @Test func couponsAreRankedByTheFirstOutputAndTheirLinesAlign() {
    let ranking = Ranking(
      words: ["bread", "milk", "eggs"],
      outputs: [
        Output(name: "redeem", meaning: .probability), Output(name: "visit", meaning: .probability),
      ],
      scores: [[0.05, 0.314, 0.05], [0.5, 0.25, 1]])
    #expect(
      ranking.lines == [
        "    redeem    visit  coupon",
        "1.  31.4 %   25.0 %  milk",
        "2.   5.0 %   50.0 %  bread",
        "3.   5.0 %  100.0 %  eggs",
      ])
  }

  @Test func valuesAreNoPercentagesAndNothingTrapsWhateverTheNumber() {
    let value = Output(name: "worth", meaning: .value)
    let chance = Output(name: "redeem", meaning: .probability)
    #expect(Ranking.figure(of: value, [-0.0005]) == "-0.0005")
    #expect(Ranking.figure(of: chance, [0.0004]) == "0.0 %")
    #expect(Ranking.figure(of: chance, [.nan]) == "nan")
    #expect(Ranking.figure(of: chance, [9.3e15]) == "9.3e+15")
    #expect(
      Ranking.figure(of: Output(name: "v", meaning: .vector, width: 2), [0.5, .infinity])
        == "0.5, inf")
  }
}
