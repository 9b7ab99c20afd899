import FrameStream
import Testing

@Suite("Requests in flight")
struct InFlightTableTests {
  @Test("an id finds its request once, and is never zero")
  func once() {
    var table = InFlightTable<String>()
    let first = table.insert("Ada")
    let second = table.insert("Ben")
    #expect(first != 0 && second != 0 && first != second)
    let found = table.remove(second)
    #expect(found == "Ben")
    let again = table.remove(second)
    #expect(again == nil)
    #expect(table.count == 1)
  }

  @Test("an answer to an earlier use of a place is not mistaken for the later one")
  func reuse() {
    var table = InFlightTable<String>()
    let old = table.insert("Ada")
    _ = table.remove(old)
    let new = table.insert("Ben")
    let late = table.remove(old)
    let unknown = table.remove(.max)
    let found = table.remove(new)
    #expect(late == nil && unknown == nil && found == "Ben")
  }

  @Test("after all are taken out there is room for as many, under new ids")
  func removeAll() {
    var table = InFlightTable<Int>()
    var old: [UInt64] = []
    for number in 0..<3 { old.append(table.insert(number)) }
    let all = table.removeAll()
    #expect(all.sorted() == [0, 1, 2])
    #expect(table.count == 0)
    var new: [UInt64] = []
    for number in 0..<3 { new.append(table.insert(number)) }
    #expect(Set(old).isDisjoint(with: new))
  }
}
