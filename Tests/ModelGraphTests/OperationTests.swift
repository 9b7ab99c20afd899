import Foundation
import ModelGraph
import Testing
import TesseraWire

/// The tables of operations in `Registry/MODEL.md`, section 4.
struct OperationPage {
  struct Attribute {
    let name: String
    /// `name`, `integer`, `number`, `boolean`, or the words to choose from.
    let values: [String]
    /// `*required*`, `none`, or the value.
    let fallback: String

    var isRequired: Bool { fallback == "*required*" }
    /// A value that is allowed, as JSON.
    var example: String {
      switch values {
      case ["name"]: "\"t\""
      case ["integer"]: "2"
      case ["number"]: "0.5"
      case ["boolean"]: "true"
      case let words: "\"\(words[0])\""
      }
    }
  }

  struct Row {
    let name: String
    let inputs: String
    let attributes: [Attribute]

    /// "1 vector", "2…64 vectors", "1 event vector", "1 id or bag".
    var inputCounts: ClosedRange<Int> {
      let counts = inputs.prefix { $0 != " " }.split(separator: "…").compactMap { Int($0) }
      return counts[0]...counts[counts.count - 1]
    }

    /// A node with these attributes as `model.json` has it.
    func node(_ attributes: [String]) throws -> NodeDescription {
      let keys = ["\"name\":\"n\"", "\"op\":\"\(name)\"", "\"inputs\":[\"x\"]"] + attributes
      return try JSONDecoder().decode(
        NodeDescription.self, from: Data("{\(keys.joined(separator: ","))}".utf8))
    }

    func required(but left: String? = nil) -> [String] {
      attributes.filter { $0.isRequired && $0.name != left }.map { "\"\($0.name)\":\($0.example)" }
    }
  }

  let rows: [Row]

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let page = try String(contentsOf: root.appending(path: "Registry/MODEL.md"), encoding: .utf8)
    func table(_ heading: String) throws -> [[String]] {
      let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
      let begin = try #require(lines.firstIndex { $0 == heading })
      return lines[(begin + 2)...].prefix { $0.hasPrefix("|") }.map { line in
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
    }
    func bare(_ text: String) -> String { text.replacing("`", with: "") }
    let attributes = try table("| `op` | attribute | values | default |")
    rows = try table("| `op` | inputs | result |").map { row in
      Row(
        name: bare(row[0]), inputs: row[1],
        attributes: attributes.filter { $0[0] == row[0] }.map {
          Attribute(
            name: bare($0[1]), values: bare($0[2]).split(separator: ", ").map(String.init),
            fallback: bare($0[3]))
        })
    }
  }
}

@Suite("Operations are those of Registry/MODEL.md")
struct OperationTests {
  @Test("the page and the code list the same operations with the same counts of inputs")
  func names() throws {
    let page = try OperationPage()
    #expect(page.rows.map(\.name) == ModelGraph.Operation.names)
    for row in page.rows {
      let node = try row.node(row.required())
      #expect(node.operation.name == row.name)
      #expect(node.operation.inputCounts == row.inputCounts, "\(row.name)")
    }
  }

  @Test("an operation takes the page's attributes with the page's defaults, and no others")
  func attributes() throws {
    for row in try OperationPage().rows {
      let written = try JSONEncoder().encode(row.node(row.required()))
      let object = try #require(JSONSerialization.jsonObject(with: written) as? [String: Any])
      let keys = Set(object.keys).subtracting(["name", "op", "inputs"])
      let defaults = row.attributes.filter { $0.fallback != "none" || $0.values.contains("none") }
      #expect(keys == Set(defaults.map(\.name)), "\(row.name)")
      for attribute in row.attributes where !attribute.isRequired && attribute.fallback != "none" {
        let isWord = attribute.example.hasPrefix("\"")
        let fallback = isWord ? "\"\(attribute.fallback)\"" : attribute.fallback
        let value = try row.node(row.required() + ["\"\(attribute.name)\":\(fallback)"])
        #expect(try value == row.node(row.required()), "\(row.name).\(attribute.name)")
      }
      #expect(throws: ModelError.self) {
        try row.node(row.required() + ["\"no_such_attribute\":1"])
      }
    }
  }

  @Test("a required attribute that is missing is refused by name")
  func missing() throws {
    for row in try OperationPage().rows {
      for attribute in row.attributes where attribute.isRequired {
        let error = #expect(throws: ModelError.self) {
          try row.node(row.required(but: attribute.name))
        }
        #expect("\(error, default: "none")".contains("\"\(attribute.name)\" is missing"))
      }
    }
  }

  @Test("each word that the page lists is taken, and another is refused")
  func words() throws {
    for row in try OperationPage().rows {
      for attribute in row.attributes where attribute.example.hasPrefix("\"") {
        guard attribute.values != ["name"] else { continue }
        let others = row.required(but: attribute.name)
        for word in attribute.values {
          let node = try row.node(others + ["\"\(attribute.name)\":\"\(word)\""])
          let written = try JSONEncoder().encode(node)
          #expect(String(decoding: written, as: UTF8.self).contains("\"\(word)\""))
        }
        #expect(throws: ModelError.self) {
          try row.node(others + ["\"\(attribute.name)\":\"no_such_word\""])
        }
      }
    }
  }
}

@Suite("Limits of a model fit those of the wire and of the kernels")
struct LimitTests {
  @Test("what the wire carries bounds what a model may have")
  func wire() {
    #expect(ModelLimits.inputsMax <= Limits.columnsMax)
    #expect(ModelLimits.inputsMax <= ModelLimits.nodeInputsMax)
    #expect(ModelLimits.outputsMax <= Limits.outputsMax)
    #expect(ModelLimits.nameBytesMax <= Limits.nameBytesMax)
    #expect(ModelLimits.eventsMax <= Limits.eventsMax)
    #expect(ModelLimits.couponsMax <= Limits.couponsMax)
    #expect(ModelLimits.vocabularyEntryBytesMax <= Limits.stringBytesMax)
  }

  @Test("an int32 holds the sum of a product, and a row number of the largest table")
  func int32() {
    #expect(255 * 127 * ModelLimits.widthMax <= Int(Int32.max))
    #expect(ModelLimits.tableRowsMax < Int(Int32.max))
    #expect(ModelLimits.recurrentUnitsMax <= ModelLimits.widthMax)
  }
}
