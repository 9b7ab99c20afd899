import Serving
import TesseraWire
import Testing

@Suite("Handles")
struct HandlesTests {
  private func model(_ name: String, hash: UInt64 = 7) -> BoundModel {
    BoundModel(
      body: BindBody(.model, name, target: .alias("production")), slot: 0,
      signature: RoutingTable.Version.sample(name, 1).signature, signatureHash: hash)
  }

  @Test("a handle that was given back means nothing and leaves its place, not its number")
  func remove() {
    var handles = Handles()
    let first = handles.add(model("coupon"), handlesMax: 1)
    let tooMany = handles.add(model("price"), handlesMax: 1)
    #expect(first == 0)
    #expect(tooMany == nil)
    let isRemoved = handles.remove(0)
    #expect(isRemoved)
    #expect(handles[0] == nil)
    let again = handles.add(model("coupon"), handlesMax: 1)
    #expect(again == 1)
    #expect(handles[0] == nil)
    #expect(handles[1]?.body.name == "coupon")
  }

  @Test("what is not bound cannot be given back, nor anything twice")
  func removeTwice() {
    var handles = Handles()
    _ = handles.add(model("coupon"), handlesMax: 2)
    let (unknown, first, second) = (handles.remove(1), handles.remove(0), handles.remove(0))
    #expect(!unknown)
    #expect(first)
    #expect(!second)
  }

  @Test(
    "where all are taken, a BIND takes the place of what it got for an earlier signature, of no other"
  )
  func stale() {
    var handles = Handles()
    _ = handles.add(model("price"), handlesMax: 2)
    for hash in UInt64(1)...100 {
      let given = handles.add(model("coupon", hash: hash), handlesMax: 2)
      #expect(given == Int(hash))
      #expect(handles[Int(hash) - 1]?.signatureHash != hash - 1 || hash == 1)
    }
    #expect(handles[0]?.body.name == "price")
    let other = handles.add(model("other"), handlesMax: 2)
    #expect(other == nil)
  }

  @Test("handles between others are given back alone")
  func removeBetween() {
    var handles = Handles()
    for name in ["a", "b", "c"] { _ = handles.add(model(name), handlesMax: 3) }
    _ = handles.remove(1)
    #expect(handles[0]?.body.name == "a")
    #expect(handles[1] == nil)
    #expect(handles[2]?.body.name == "c")
  }

  @Test("once every number was given, nothing new is bound, and what is bound stays")
  func numbers() {
    var handles = Handles()
    for number in 0..<Limits.handleNumbersMax {
      let given = handles.add(model("coupon"), handlesMax: 1)
      guard given == number else {
        Issue.record("handle \(number) was \(String(describing: given))")
        return
      }
      if number < Limits.handleNumbersMax - 1 { _ = handles.remove(number) }
    }
    let last = Limits.handleNumbersMax - 1
    let same = handles.add(model("coupon"), handlesMax: 2)
    let other = handles.add(model("price"), handlesMax: 2)
    #expect(same == last)
    #expect(other == nil)
    _ = handles.remove(last)
    let afterwards = handles.add(model("coupon"), handlesMax: 2)
    #expect(afterwards == nil)
  }
}
