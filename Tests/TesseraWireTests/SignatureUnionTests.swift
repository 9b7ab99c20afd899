import TesseraWire
import Testing

@Suite("Union of signatures")
struct SignatureUnionTests {
  private func signature(
    _ columns: [Column], outputs: [Output] = [Output(name: "redeem", meaning: .probability)],
    eventsMax: Int = 8
  ) -> Signature {
    Signature(columns: columns, outputs: outputs, eventsMax: eventsMax, couponsMax: 4)
  }

  private let age = Column(name: "age", axis: .user, kind: .number)
  private let item = Column(name: "item", axis: .event, kind: .integer)
  private let price = Column(name: "price", axis: .coupon, kind: .number)

  @Test("The union of one signature is that signature, its columns in their places")
  func one() throws {
    let union = try SignatureUnion(of: [signature([age, item, price])])
    #expect(union.signature == signature([age, item, price]))
    #expect(union.columns == [[0, 1, 2]])
  }

  @Test("Every version reads its own columns by name, and new ones follow the first version's")
  func two() throws {
    let union = try SignatureUnion(of: [
      signature([age, price]), signature([price, item, age], eventsMax: 5),
    ])
    #expect(union.signature.columns == [age, price, item])
    #expect(union.columns == [[0, 1], [1, 2, 0]])
    #expect(union.signature.eventsMax == 5)
  }

  @Test("A column that differs in axis, kind or width is a conflict that names both versions")
  func conflicts() {
    for (index, other) in [
      Column(name: "age", axis: .coupon, kind: .number),
      Column(name: "age", axis: .user, kind: .integer),
      Column(name: "age", axis: .user, kind: .vector, width: 2),
    ].enumerated() {
      let conflict = #expect(throws: SignatureUnion.Conflict.self) {
        try SignatureUnion(of: [signature([item]), signature([age]), signature([other])])
      }
      #expect(conflict?.versions == [1, 2], "\(index)")
      #expect(conflict?.description.contains("'age'") == true)
    }
  }

  @Test("Outputs that differ are a conflict")
  func outputs() {
    #expect(throws: SignatureUnion.Conflict.self) {
      try SignatureUnion(of: [
        signature([age]), signature([age], outputs: [Output(name: "redeem", meaning: .value)]),
      ])
    }
  }
}
