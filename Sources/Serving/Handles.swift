package import TesseraWire

/// What one BIND gave a connection: where its frames go, and how they are encoded. Never changes, so
/// a frame that refers to it needs one reference and no copy.
package final class BoundModel: Sendable {
  /// The BIND that made it.
  package let body: BindBody
  /// Where frames are submitted: a slot of the routes.
  package let slot: Int
  /// What frames are decoded with.
  package let signature: Signature
  /// Hash of `signature`.
  package let signatureHash: UInt64

  package init(body: BindBody, slot: Int, signature: Signature, signatureHash: UInt64) {
    self.body = body
    self.slot = slot
    self.signature = signature
    self.signatureHash = signatureHash
  }
}

/// The handles of one connection.
///
/// A BIND that means the same and finds the same signature gets the handle it got before. After a
/// change of signature it gets another number: frames that are still under way with the old one
/// are encoded the old way and must not be read the new way. For the same reason the number of a handle
/// that was given back is not given out again.
package struct Handles: Sendable {
  /// Those that are bound, few enough that looking through them is the fastest way.
  private var bound: [(number: Int, model: BoundModel)] = []
  private var numbersGiven = 0

  package init() {}

  /// The model of a handle. Cost: O(handles), at most `handlesMax`.
  package subscript(handle: Int) -> BoundModel? {
    for entry in bound where entry.number == handle { return entry.model }
    return nil
  }

  /// The handle for a bound model; nil when all `handlesMax` are taken, or every number was. Where all are
  /// taken, it takes the place of the oldest that the same BIND got for another signature: who binds anew after
  /// each promotion need not give back what has gone stale.
  package mutating func add(_ model: BoundModel, handlesMax: Int) -> Int? {
    for entry in bound
    where entry.model.signatureHash == model.signatureHash && entry.model.body == model.body {
      return entry.number
    }
    guard numbersGiven < Limits.handleNumbersMax else { return nil }
    if bound.count >= handlesMax {
      guard let stale = bound.firstIndex(where: { $0.model.body == model.body }) else { return nil }
      bound.remove(at: stale)
    }
    bound.append((numbersGiven, model))
    numbersGiven += 1
    return numbersGiven - 1
  }

  /// Gives a handle back; false when it is not bound.
  package mutating func remove(_ handle: Int) -> Bool {
    guard let index = bound.firstIndex(where: { $0.number == handle }) else { return false }
    bound.remove(at: index)
    return true
  }
}
