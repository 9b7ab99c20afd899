import LoadGenerator
import Testing

@Suite struct InFlightTableTests {
  private func add(_ table: inout InFlightTable, _ request: SentRequest) throws -> UInt64 {
    let id = table.add(request)
    return try #require(id)
  }

  /// When the removed request was intended.
  private func remove(_ table: inout InFlightTable, _ id: UInt64) -> UInt64? {
    table.remove(id)?.intended
  }

  @Test func anIdFindsItsRequestOnceAndIsNeverZero() throws {
    var table = InFlightTable(capacity: 2)
    let first = try add(&table, SentRequest(intended: 10, body: 0))
    let second = try add(&table, SentRequest(intended: 20, body: 1))
    #expect(first != 0 && second != 0 && first != second)
    #expect(table.isFull)
    let third = table.add(SentRequest(intended: 30, body: 2))
    #expect(third == nil)
    #expect(remove(&table, second) == 20)
    #expect(remove(&table, second) == nil)
    #expect(table.count == 1)
  }

  @Test func anAnswerToAnEarlierUseOfAPlaceIsNotMistakenForTheLaterOne() throws {
    var table = InFlightTable(capacity: 1)
    let old = try add(&table, SentRequest(intended: 10, body: 0))
    _ = table.remove(old)
    let new = try add(&table, SentRequest(intended: 20, body: 0))
    #expect(remove(&table, old) == nil)
    #expect(remove(&table, UInt64.max) == nil)
    #expect(remove(&table, new) == 20)
  }

  @Test func afterAllAreTakenOutThereIsRoomForAll() throws {
    var table = InFlightTable(capacity: 3)
    for index in 0..<3 { _ = table.add(SentRequest(intended: UInt64(index), body: 0)) }
    let all = table.removeAll()
    #expect(all.map(\.intended).sorted() == [0, 1, 2])
    #expect(table.count == 0)
    for index in 0..<3 { _ = try add(&table, SentRequest(intended: UInt64(index), body: 0)) }
  }
}
